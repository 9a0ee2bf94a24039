//! Weeks of several households, drawn, read and described.

use std::fmt::Write;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::*;
use crate::control::Time;
use crate::control::week::{JobRun, Planned, Run, Span};
use domain::base::clock::UnixTime;

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

/// The half hour by which its clocks are set is 02:00 to 02:30.
fn lord_howe() -> TimeZone {
    TimeZone::get("Australia/Lord_Howe").unwrap()
}

/// A local time; of two with the same name, the first.
fn at(zone: &TimeZone, local: &str) -> Time {
    let local: DateTime = local.parse().unwrap();
    let instant = zone.to_timestamp(local).unwrap();
    Time(UnixTime::from_seconds(instant.as_second()))
}

fn later(time: Time, seconds: i64) -> Time {
    Time(UnixTime::from_seconds(time.0.seconds() + seconds))
}

fn span(zone: &TimeZone, from: &str, until: &str) -> Span {
    let (from, until) = (at(zone, from), at(zone, until));
    Span { from, until }
}

fn ran(span: Span) -> Run {
    Run {
        span,
        interrupted_before: None,
    }
}

/// A week in which nothing is known.
fn empty(zone: &TimeZone, now: &str) -> Week {
    let now = at(zone, now);
    Week {
        now,
        days: around(zone, now.0),
        schedule: None,
        meant_on: Vec::new(),
        runs: Vec::new(),
        jobs: Vec::new(),
        planned: Vec::new(),
        sign_ins: Vec::new(),
        refusals: Vec::new(),
    }
}

fn rows_of(week: &Week) -> Vec<Row> {
    rows::all(week, words::labels(Language::English))
}

/// The row of the day whose name is `name`.
fn row(week: &Week, name: &str) -> Row {
    let mut rows = rows_of(week).into_iter();
    rows.find(|row| row.name == name).unwrap()
}

/// The hour of the clock at which a place of the picture is.
fn hour(x: Number) -> f64 {
    let begin = rows::x(0.0).0;
    let whole = rows::x(1.0).0 - begin;
    ((x.0 - begin) / whole * 24.0 * 100.0).round() / 100.0
}

/// The hours between which the bars are, with their texts.
fn hours(bars: &[rows::Bar]) -> Vec<(f64, f64, &str)> {
    let ends = bars.iter().map(|bar| {
        let end = Number(bar.x.0 + bar.width.0);
        (hour(bar.x), hour(end), bar.text.as_str())
    });
    ends.collect()
}

fn marks(marks: &[rows::Mark]) -> Vec<(f64, usize, &str)> {
    let marks = marks.iter();
    let marks = marks.map(|mark| (hour(mark.x), mark.count, mark.text.as_str()));
    marks.collect()
}

/// The lines of the picture's description.
fn described(week: &Week, language: Language) -> Vec<String> {
    let svg = draw(week, language, Place::Page).unwrap();
    let (_, rest) = svg.split_once("<desc id=\"week-text\">").unwrap();
    let (text, _) = rest.split_once("</desc>").unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn each_day_has_its_own_length() {
    let lengths = |zone: &TimeZone, now: &str| -> Vec<i64> {
        let days = around(zone, at(zone, now).0).into_iter();
        let minutes = days.map(|day| day.span.until.0.seconds_after(day.span.from.0) / 60);
        minutes.filter(|minutes| *minutes != 24 * 60).collect()
    };
    assert_eq!(lengths(&paris(), "2026-03-29T12:00"), [23 * 60]);
    assert_eq!(lengths(&paris(), "2026-10-25T12:00"), [25 * 60]);
    assert_eq!(lengths(&lord_howe(), "2026-10-04T12:00"), [23 * 60 + 30]);
    assert_eq!(lengths(&lord_howe(), "2026-04-05T12:00"), [24 * 60 + 30]);
    assert_eq!(lengths(&TimeZone::UTC, "2026-03-29T12:00"), [0; 0]);
    let days = around(&paris(), at(&paris(), "2026-03-29T23:59").0);
    let dates: Vec<&str> = days.iter().map(|day| day.date.as_str()).collect();
    assert_eq!(dates.len(), 15);
    assert_eq!((dates[0], dates[7]), ("2026-03-22", "2026-03-29"));
    assert!(around(&paris(), UnixTime::from_seconds(i64::MAX)).is_empty());
}

/// A time of day is at the same place in all rows, also before and after a
/// change of the clocks.
#[test]
fn seven_oclock_is_at_seven_on_all_days() {
    for (zone, now) in [
        (paris(), "2026-03-29T12:00"),
        (paris(), "2026-10-25T12:00"),
        (lord_howe(), "2026-10-04T12:00"),
        (lord_howe(), "2026-04-05T12:00"),
    ] {
        for day in around(&zone, at(&zone, now).0) {
            for (clock, share) in [
                ("00:00", 0.0),
                ("01:00", 1.0),
                ("07:00", 7.0),
                ("23:30", 23.5),
            ] {
                let time = at(&zone, &format!("{}T{clock}", day.date));
                let found = day.share(time) * 24.0;
                assert!((found - share).abs() < 0.001, "{day:?} {clock}: {found}");
                assert_eq!(day.clock(time), clock);
            }
            assert!((day.share(day.span.until) - 1.0).abs() < 0.001, "{day:?}");
            assert_eq!(day.clock(day.span.until), "24:00");
        }
    }
}

#[test]
fn in_spring_an_hour_is_missing() {
    let mut week = empty(&paris(), "2026-03-29T12:00");
    week.runs = vec![ran(span(&paris(), "2026-03-29T01:00", "2026-03-29T05:00"))];
    week.sign_ins = vec![
        at(&paris(), "2026-03-29T01:59"),
        at(&paris(), "2026-03-29T03:01"),
    ];
    let sunday = row(&week, "Sun 29");
    assert_eq!(hours(&sunday.on), [(1.0, 5.0, "01:00–05:00")]);
    let change = [sunday.change.unwrap()];
    assert_eq!(hours(&change), [(2.0, 3.0, "02:00–03:00")]);
    let sign_ins = marks(&sunday.sign_ins);
    assert_eq!(sign_ins, [(1.98, 1, "01:59"), (3.02, 1, "03:01")]);
    assert!(row(&week, "Mon 30").change.is_none());
}

#[test]
fn in_autumn_an_hour_occurs_twice() {
    let mut week = empty(&paris(), "2026-10-25T12:00");
    let first = at(&paris(), "2026-10-25T02:00");
    // Until the same time by the clocks, one hour later.
    week.runs = vec![ran(Span {
        from: first,
        until: later(first, 3600),
    })];
    week.sign_ins = [900, 5400, 9000]
        .map(|seconds| later(first, seconds))
        .to_vec();
    let sunday = row(&week, "Sun 25");
    assert_eq!(hours(&sunday.on), [(2.0, 2.5, "02:00")]);
    assert_eq!(
        marks(&sunday.sign_ins),
        [(2.13, 1, "02:15"), (2.75, 1, "02:30"), (3.5, 1, "03:30")]
    );
    let change = [sunday.change.unwrap()];
    assert_eq!(hours(&change), [(2.0, 3.0, "02:00–03:00")]);
}

#[test]
fn half_an_hour_is_missing_or_occurs_twice() {
    let week = empty(&lord_howe(), "2026-10-04T12:00");
    let change = [row(&week, "Sun 4").change.unwrap()];
    assert_eq!(hours(&change), [(2.0, 2.5, "02:00–02:30")]);
    let mut week = empty(&lord_howe(), "2026-04-05T12:00");
    let first = at(&lord_howe(), "2026-04-05T01:30");
    week.refusals = vec![later(first, 900), later(first, 2700)];
    let sunday = row(&week, "Sun 5");
    let change = [sunday.change.unwrap()];
    assert_eq!(hours(&change), [(1.5, 2.0, "01:30–02:00")]);
    // Within half an hour by the picture, they are one mark.
    assert_eq!(marks(&sunday.refusals), [(1.62, 2, "01:45")]);
}

#[test]
fn a_night_that_begins_after_midnight_is_on_two_rows() {
    let mut week = empty(&paris(), "2026-03-04T14:32");
    week.meant_on = vec![span(&paris(), "2026-03-03T08:00", "2026-03-04T00:30")];
    week.runs = vec![ran(span(&paris(), "2026-03-03T08:03", "2026-03-04T00:31"))];
    let (tuesday, wednesday) = (row(&week, "Tue 3"), row(&week, "Wed 4"));
    assert_eq!(hours(&tuesday.meant_on), [(8.0, 24.0, "08:00–24:00")]);
    assert_eq!(hours(&wednesday.meant_on), [(0.0, 0.5, "00:00–00:30")]);
    assert_eq!(hours(&tuesday.on), [(8.05, 24.0, "08:03–24:00")]);
    assert_eq!(hours(&wednesday.on), [(0.0, 0.52, "00:00–00:31")]);
    assert!(wednesday.is_today && !tuesday.is_today);
    assert_eq!(wednesday.now.map(hour), Some(14.53));
    assert!(tuesday.now.is_none());
}

#[test]
fn after_a_power_cut_the_time_is_not_known() {
    let mut week = empty(&paris(), "2026-03-04T14:00");
    week.runs = vec![Run {
        span: span(&paris(), "2026-03-03T07:00", "2026-03-03T09:30"),
        interrupted_before: Some(at(&paris(), "2026-03-03T18:00")),
    }];
    let tuesday = row(&week, "Tue 3");
    assert_eq!(hours(&tuesday.on), [(7.0, 9.5, "07:00–09:30")]);
    assert_eq!(hours(&tuesday.unknown), [(9.5, 18.0, "09:30–18:00")]);
    let told = described(&week, Language::English);
    let told = told.iter().find(|line| line.starts_with("Tue 3")).unwrap();
    let expected = "interrupted at an unknown time 09:30–18:00";
    assert!(told.contains(expected), "{told}");
}

/// What a wrong clock noted for tomorrow has not happened.
#[test]
fn nothing_that_has_happened_is_in_the_future() {
    let mut week = empty(&paris(), "2026-03-04T14:00");
    let (noon, tomorrow) = ("2026-03-04T12:00", "2026-03-05T12:00");
    week.runs = vec![
        ran(span(&paris(), noon, tomorrow)),
        ran(span(&paris(), tomorrow, "2026-03-05T13:00")),
        // Backwards.
        ran(span(&paris(), noon, "2026-03-03T12:00")),
    ];
    let times = [at(&paris(), noon), at(&paris(), tomorrow)];
    week.jobs = times
        .map(|at| JobRun {
            at,
            name: "users".to_owned(),
            failed: false,
        })
        .to_vec();
    week.sign_ins = times.to_vec();
    week.refusals = times.to_vec();
    let (today, thursday) = (row(&week, "Wed 4"), row(&week, "Thu 5"));
    assert_eq!(hours(&today.on), [(12.0, 14.0, "12:00–14:00")]);
    assert!(thursday.on.is_empty());
    for marks in [&today.jobs, &today.sign_ins, &today.refusals] {
        assert_eq!(marks.len(), 1);
    }
    for marks in [&thursday.jobs, &thursday.sign_ins, &thursday.refusals] {
        assert!(marks.is_empty());
    }
}

#[test]
fn a_thousand_refusals_are_as_many_marks_as_fit() {
    let mut week = empty(&paris(), "2026-03-04T23:00");
    let begin = at(&paris(), "2026-03-04T14:00");
    week.refusals = (0..1_000).map(|number| later(begin, number * 3)).collect();
    let refusals = row(&week, "Wed 4").refusals;
    let counts: usize = refusals.iter().map(|mark| mark.count).sum();
    assert_eq!((refusals.len(), counts), (2, 1_000));
    let midnight = at(&paris(), "2026-03-04T00:00");
    week.refusals = (0..8_000)
        .map(|number| later(midnight, number * 10))
        .collect();
    assert_eq!(row(&week, "Wed 4").refusals.len(), 45);
    let told = described(&week, Language::English);
    let told = told.iter().find(|line| line.starts_with("Wed 4")).unwrap();
    assert!(told.contains("refused sign-ins (00:00–00:29, "), "{told}");
    assert!(told.ends_with(", …).") && told.len() < 400, "{told}");
}

/// A whole day, and an empty history, in both languages.
#[test]
fn the_description_says_what_the_picture_shows() {
    let zone = paris();
    let mut week = empty(&zone, "2026-03-31T14:32");
    week.schedule = Some("file".to_owned());
    week.meant_on = vec![
        span(&zone, "2026-03-31T07:00", "2026-03-31T23:00"),
        span(&zone, "2026-04-01T00:00", "2026-04-02T00:00"),
    ];
    week.runs = vec![ran(span(&zone, "2026-03-31T07:03", "2026-03-31T14:32"))];
    let job = |at, failed| JobRun {
        at,
        name: "users".to_owned(),
        failed,
    };
    week.jobs = vec![
        job(at(&zone, "2026-03-31T07:04"), false),
        job(at(&zone, "2026-03-31T08:04"), false),
        job(at(&zone, "2026-03-31T09:04"), true),
    ];
    week.planned = vec![Planned {
        at: at(&zone, "2026-03-31T22:50"),
        name: "before-power-off".to_owned(),
    }];
    week.sign_ins = vec![at(&zone, "2026-03-31T08:10")];
    week.refusals = vec![at(&zone, "2026-03-31T08:12"), at(&zone, "2026-03-31T08:15")];
    let english = described(&week, Language::English);
    assert_eq!(english.len(), 15);
    assert_eq!(
        english[4],
        "Sat 28 March: meant to be off; not on, as far as is known."
    );
    assert_eq!(
        english[5],
        "Sun 29 March: the clocks are set forward (02:00–03:00); meant to be off; not on, as far \
         as is known."
    );
    assert_eq!(
        english[7],
        "Tue 31 March (today, now 14:32): meant to be on 07:00–23:00; was on 07:03–14:32; \
         1 sign-in (08:10); 2 refused sign-ins (08:12–08:15); 1 failed job (09:04); 1 planned job \
         (22:50); 2 jobs."
    );
    assert_eq!(english[8], "Wed 1 April: meant to be on all day.");
    assert_eq!(english[9], "Thu 2 April: meant to be off.");
    let french = described(&week, Language::French);
    assert_eq!(
        french[7],
        "mar. 31 mars (aujourd’hui, maintenant 14:32)\u{a0}: allumage prévu 07:00–23:00\u{a0}; \
         allumé 07:03–14:32\u{a0}; 1 connexion (08:10)\u{a0}; 2 connexions refusées \
         (08:12–08:15)\u{a0}; 1 tâche échouée (09:04)\u{a0}; 1 tâche prévue (22:50)\u{a0}; 2 tâches."
    );
    assert_eq!(
        french[8],
        "mer. 1er avril\u{a0}: allumage prévu toute la journée."
    );
}

#[test]
fn without_a_schedule_the_picture_says_so() {
    let mut week = empty(&paris(), "2026-03-04T14:00");
    let first = "No power schedule is in use: the NAS is always on.";
    for (schedule, is_said) in [(None, true), (Some("off"), true), (Some("api"), false)] {
        week.schedule = schedule.map(str::to_owned);
        let told = described(&week, Language::English);
        assert_eq!(told[0] == first, is_said, "{schedule:?}");
    }
}

/// Tests see the numbers of the picture; a browser and a program that draws
/// files see whether it is valid SVG.
#[test]
fn the_picture_is_whole_in_a_page_and_in_a_file() {
    let week = empty(&paris(), "2026-03-04T14:00");
    let page = draw(&week, Language::French, Place::Page).unwrap();
    let file = draw(&week, Language::English, Place::File).unwrap();
    for svg in [&page, &file] {
        assert!(svg.contains(r#" role="img" "#));
        assert!(svg.contains(r#"aria-labelledby="week-title week-text""#));
        assert!(svg.contains(crate::http::pages::STYLE_OF_WEEK));
        // The policy of the page blocks it, and there is no script.
        assert!(!svg.contains(" style=") && !svg.contains("<script"));
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
    assert!(page.contains(r#"lang="fr""#) && page.contains(r#"width="100%""#));
    assert!(page.contains(">La semaine du NAS, du 25 février 2026 au 11 mars 2026</title>"));
    assert!(file.contains(r#"lang="en""#) && file.contains(r#"viewBox="0 0 960 "#));
    assert!(file.contains(">The week of the NAS, 25 February 2026 to 11 March 2026</title>"));
}

/// The report comes from a socket: a text in it that is not a time is not
/// shown, whatever it is.
#[test]
fn no_text_of_the_report_gets_into_the_picture() {
    let mut week = empty(&paris(), "2026-03-04T14:00");
    let hostile = "</desc><script>alert(1)</script>";
    week.schedule = Some(hostile.to_owned());
    hostile.clone_into(&mut week.days[3].date);
    week.jobs = vec![JobRun {
        at: week.now,
        name: hostile.to_owned(),
        failed: true,
    }];
    week.planned = vec![Planned {
        at: week.now,
        name: hostile.to_owned(),
    }];
    let svg = draw(&week, Language::English, Place::Page).unwrap();
    assert!(!svg.contains("script") && !svg.contains("alert"), "{svg}");
}

/// The colours of the texts and symbols, against what is behind them (WCAG 2.2,
/// 1.4.3 and 1.4.11).
#[test]
fn texts_and_symbols_have_enough_contrast() {
    let style = crate::http::pages::STYLE_OF_WEEK;
    let (light, dark) = style.split_once("@media").unwrap();
    for card in ["--card:#fff", "--card:#182131"] {
        assert!(crate::http::pages::STYLE.contains(card), "{card}");
    }
    for rules in [light, dark] {
        let colour = |class: &str, property: &str| -> [f64; 3] {
            let (_, rest) = rules.split_once(&format!("{class}{{")).unwrap();
            let (rule, _) = rest.split_once('}').unwrap();
            let (_, value) = rule.split_once(&format!("{property}:#")).unwrap();
            rgb(value.split(';').next().unwrap())
        };
        let check = |one: [f64; 3], other: [f64; 3], least: f64, what: &str| {
            let ratio = contrast(one, other);
            assert!(ratio >= least, "{what}: {ratio:.2} on {other:?}");
        };
        // That of the pages' cards.
        let paper = colour(".week-paper", "fill");
        let text = colour(".week text", "fill");
        let today = colour(".week-today", "fill");
        let meant = colour(".week-meant", "fill");
        for ground in [paper, today] {
            check(text, ground, 4.5, "text");
            check(colour(".week-meant", "stroke"), ground, 3.0, "meant");
        }
        for (class, property) in [
            (".week-on", "fill"),
            (".week-unknown", "stroke"),
            (".week-job", "fill"),
            (".week-planned", "stroke"),
            (".week-failed", "stroke"),
            (".week-sign-in", "fill"),
            (".week-refusal", "fill"),
            (".week-now", "stroke"),
            (".week-hatch", "stroke"),
        ] {
            for ground in [paper, today, meant] {
                check(colour(class, property), ground, 3.0, class);
            }
        }
    }
}

/// Reads `fff` or `ffffff`.
fn rgb(text: &str) -> [f64; 3] {
    let mut long = String::new();
    for digit in text.chars() {
        let times = if text.len() == 3 { 2 } else { 1 };
        for _ in 0..times {
            write!(long, "{digit}").unwrap();
        }
    }
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&long[at..at + 2], 16).unwrap()))
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let linear = colour.map(|value| {
            let value = value / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}
