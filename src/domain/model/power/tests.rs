//! Both formats of a schedule, whole and damaged.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// An enabled task at `hour`:`minute`.
pub(super) fn task(hour: u8, minute: u8, weekdays: Weekdays) -> Task {
    Task {
        time: time_of_day(hour, minute).unwrap(),
        weekdays,
        enabled: true,
    }
}

pub(super) fn days(text: &str) -> Weekdays {
    let days = text.split(',').map(|day| day.parse().unwrap());
    let days = days.map(|day| bit(Weekday::from_sunday_zero_offset(day).unwrap()));
    Weekdays(days.fold(0, |all, day| all | day))
}

pub(super) fn tasks() -> impl Strategy<Value = Vec<Task>> {
    let parts = (0_u8..24, 0_u8..60, 0_u8..128, any::<bool>());
    let tasks = parts.prop_map(|(hour, minute, weekdays, enabled)| Task {
        enabled,
        ..task(hour, minute, Weekdays(weekdays))
    });
    vec(tasks, 0..6)
}

pub(super) fn schedules() -> impl Strategy<Value = PowerSchedule> {
    (tasks(), tasks()).prop_map(|(on, off)| PowerSchedule::new(on, off))
}

/// As DSM's web API gives it.
fn to_api(schedule: &PowerSchedule) -> Value {
    let row = |task: &Task| {
        let days: Vec<String> = (0_i8..7)
            .filter(|day| {
                let day = Weekday::from_sunday_zero_offset(*day).unwrap();
                task.weekdays.contains(day)
            })
            .map(|day| day.to_string())
            .collect();
        json!({"enabled": task.enabled, "hour": task.time.hour(), "min": task.time.minute(),
            "weekdays": days.join(",")})
    };
    let rows = |tasks: &[Task]| tasks.iter().map(row).collect::<Vec<_>>();
    json!({"poweron_tasks": rows(&schedule.on), "poweroff_tasks": rows(&schedule.off)})
}

#[test]
fn the_file_as_others_have_published_it() {
    // Numbers with their meaning, published by owners of devices.
    let all_days = Weekdays::ALL;
    for (number, expected) in [
        (25_104_128, task(15, 0, all_days)),
        (0x0102_0D00, task(13, 0, days("1"))),
        (0x0106_0D00, task(13, 0, days("1,2"))),
        (0x013E_0D00, task(13, 0, days("1,2,3,4,5"))),
        (0x0141_0D00, task(13, 0, days("0,6"))),
        (0x017F_0500, task(5, 0, all_days)),
        (
            0x0041_0D00,
            Task {
                enabled: false,
                ..task(13, 0, days("0,6"))
            },
        ),
    ] {
        let text = format!("[Power On schedule]\n{number}\n[Power Off schedule]\n");
        let reading = PowerSchedule::from_packed(text.as_bytes()).unwrap();
        assert_eq!(reading.schedule, PowerSchedule::new(vec![expected], vec![]));
        assert_eq!(reading.unexpected, [""; 0]);
        assert_eq!(reading.schedule.to_packed(), text);
    }
}

#[test]
fn the_answer_as_others_have_published_it() {
    let data = json!({
        "poweroff_tasks": [{"enabled": true, "hour": 23, "min": 30, "weekdays": "0,6", "id": 1}],
        "poweron_tasks": [{"enabled": true, "hour": 7, "min": 0, "weekdays": "1,2,3,4,5"}]});
    let reading = PowerSchedule::from_api(&data).unwrap();
    let expected = PowerSchedule::new(
        vec![task(7, 0, days("1,2,3,4,5"))],
        vec![task(23, 30, days("0,6"))],
    );
    assert_eq!(reading.schedule, expected);
    assert_eq!(reading.unexpected, [""; 0]);
    for empty in [
        json!({}),
        json!({"poweron_tasks": []}),
        json!({"poweroff_tasks": null}),
    ] {
        let reading = PowerSchedule::from_api(&empty).unwrap();
        assert_eq!(reading.schedule, PowerSchedule::default());
        assert_eq!(reading.unexpected, [""; 0]);
    }
}

#[test]
fn unexpected_lines_are_listed_and_the_others_are_used() {
    let text = "7\n[power off SCHEDULE]\r\n\n 25104128 \r\nnonsense\n-1\n4294967296\n\
        18350080\n16780032\n16777247\n33492736\n[Reboot schedule]\n25104128\n\
        [Power On schedule]\n18022400\n";
    let reading = PowerSchedule::from_packed(text.as_bytes()).unwrap();
    let never = Weekdays::default();
    let expected = PowerSchedule::new(
        // 0x01130000
        vec![task(0, 0, days("0,1,4"))],
        vec![
            task(15, 0, Weekdays::ALL),
            // 0x01180000, 0x01000B00, 0x0100001F, 0x01FF0F00
            task(0, 0, days("3,4")),
            task(11, 0, never),
            task(0, 31, never),
            task(15, 0, Weekdays::ALL),
        ],
    );
    assert_eq!(reading.schedule, expected);
    // Before any section; not a task, three times; without a day, twice; with
    // an unknown bit; an unknown section with one line.
    let expected = [1, 5, 6, 7, 9, 10, 11, 12, 13].map(|line| format!("line {line}"));
    assert_eq!(reading.unexpected, expected);
}

#[test]
fn unexpected_rows_are_listed_and_the_others_are_used() {
    let row = |hour: Value, min: Value, weekdays: Value| json!({"enabled": true, "hour": hour, "min": min, "weekdays": weekdays});
    let data = json!({
    "poweron_tasks": "none",
    "poweroff_tasks": [
        row(json!(23), json!(0), json!("")),
        row(json!(23), json!(1), json!("6, 7,x,,0")),
        row(json!(24), json!(0), json!("1")),
        row(json!(23), json!(-1), json!("1")),
        row(json!(23), json!(60), json!("1")),
        row(json!("23"), json!(0), json!("1")),
        row(json!(23), json!(0), json!(6)),
        7,
        {"enabled": true, "hour": 22, "min": 0, "weekdays": "1", "action": "sleep"},
    ]});
    let reading = PowerSchedule::from_api(&data).unwrap();
    let expected = PowerSchedule::new(
        vec![],
        vec![
            task(23, 0, Weekdays::default()),
            task(23, 1, days("0,6")),
            task(22, 0, days("1")),
        ],
    );
    assert_eq!(reading.schedule, expected);
    let mut expected = vec!["power-on tasks".to_owned()];
    expected.extend((1..=9).map(|row| format!("power-off task {row}")));
    assert_eq!(reading.unexpected, expected);
}

#[test]
fn a_file_of_another_kind_is_not_an_empty_schedule() {
    for text in ["", "\n", "25104128\n", "[Power]\n", "<!DOCTYPE html>"] {
        let read = PowerSchedule::from_packed(text.as_bytes());
        assert_eq!(read, Err(Unreadable), "{text}");
    }
    for data in [json!(null), json!([]), json!({"users": []}), json!("")] {
        assert_eq!(PowerSchedule::from_api(&data), Err(Unreadable), "{data}");
    }
    let empty = PowerSchedule::from_packed(b"[Power On schedule]").unwrap();
    assert_eq!(empty.schedule, PowerSchedule::default());
}

#[test]
fn a_file_without_end_is_read_to_the_end_of_what_dsm_can_have() {
    let lines: Vec<String> = (0..100_000).map(|line| format!("{line}\nx")).collect();
    let text = format!("[Power Off schedule]\n{}", lines.join("\n"));
    let reading = PowerSchedule::from_packed(text.as_bytes()).unwrap();
    assert_eq!(reading.schedule.off.len(), MAX_TASKS);
    assert_eq!(reading.unexpected.len(), 10);
    let many = "25104128\n".repeat(MAX_TASKS + 2);
    let text = format!("[Power Off schedule]\n{many}");
    let reading = PowerSchedule::from_packed(text.as_bytes()).unwrap();
    assert_eq!(reading.unexpected, ["line 202", "line 203"]);
}

proptest! {
    #[test]
    fn the_file_and_the_answer_say_the_same(schedule in schedules()) {
        let file = PowerSchedule::from_packed(schedule.to_packed().as_bytes()).unwrap();
        let answer = PowerSchedule::from_api(&to_api(&schedule)).unwrap();
        prop_assert_eq!(&file.schedule, &schedule);
        prop_assert_eq!(&answer.schedule, &schedule);
        prop_assert_eq!(file.unexpected.len(), answer.unexpected.len());
    }

    #[test]
    fn the_order_of_the_tasks_makes_no_other_schedule(on in tasks(), off in tasks()) {
        let turned = |tasks: &[Task]| tasks.iter().rev().copied().collect::<Vec<_>>();
        let other = PowerSchedule::new(turned(&on), turned(&off));
        prop_assert_eq!(PowerSchedule::new(on, off), other);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, on in any::<bool>()) {
        let header: &[u8] = if on { b"[Power On schedule]\n" } else { b"[Power Off schedule]\n" };
        let _ = PowerSchedule::from_packed(&bytes);
        let _ = PowerSchedule::from_packed(&[header, &bytes].concat());
        if let Ok(value) = serde_json::from_slice(&bytes) {
            let _ = PowerSchedule::from_api(&value);
        }
    }

    #[test]
    fn no_number_makes_it_panic(numbers in vec(any::<u32>(), 0..9)) {
        let lines: Vec<String> = numbers.iter().map(u32::to_string).collect();
        let text = format!("[Power Off schedule]\n{}", lines.join("\n"));
        let read = PowerSchedule::from_packed(text.as_bytes()).unwrap();
        prop_assert!(read.schedule.off.len() <= numbers.len());
    }

    #[test]
    fn no_row_makes_it_panic(hour: i64, min: i64, weekdays: String, enabled: bool, key: String) {
        let row = json!({"enabled": enabled, "hour": hour, "min": min, "weekdays": weekdays, key: 1});
        let data = json!({"poweroff_tasks": [row, {}]});
        prop_assert!(PowerSchedule::from_api(&data).is_ok());
    }
}
