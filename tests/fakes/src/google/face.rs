//! Invented faces for the account chooser: the same subject always has the same
//! face.

const SKIN: [&str; 4] = ["#f6d3b3", "#e8b48a", "#c68a5e", "#8a5a3c"];
const HAIR: [&str; 5] = ["#2b2118", "#6b4226", "#b9772f", "#d9b25f", "#7d7f85"];
const GROUND: [&str; 5] = ["#cfe3ff", "#ffdfc9", "#d6f0d9", "#ead9fb", "#fff0bd"];
const SHIRT: [&str; 4] = ["#1f5fbf", "#b5452c", "#1f7a4d", "#6b3fa0"];

/// Short, long, curly and straight.
const HAIRCUTS: [&str; 4] = [
    "M11 21c0-9 4-13 9-13s9 4 9 13c-2-4-3-6-4-7-4 1-8 1-11 0-1 1-2 4-3 7z",
    "M9 31c-1-15 2-23 11-23s12 8 11 23h-4c2-8 1-13-1-16-4 1-9 0-12-1-1 4-2 9-1 17z",
    "M12 20a4 4 0 0 1-1-6 4 4 0 0 1 4-5 5 5 0 0 1 10 0 4 4 0 0 1 4 5 4 4 0 0 1-1 6c-1-4-3-6-8-6s-7 2-8 6z",
    "M11 24c-1-10 2-16 9-16s10 6 9 16c-1-4-2-7-3-8H14c-1 2-2 4-3 8z",
];

/// The choices for skin, ground, shirt, haircut and hair of the family, by the
/// beginning of the subject. Those of other accounts come from a hash.
const FAMILY: [(&str, [usize; 5]); 4] = [
    ("1035", [0, 0, 0, 1, 1]),
    ("1140", [1, 1, 2, 0, 0]),
    ("1088", [0, 2, 1, 3, 2]),
    ("1177", [2, 3, 3, 2, 0]),
];

/// Returns the face as SVG, without a name: the account's is beside it.
pub(super) fn face(subject: &str) -> String {
    let known = FAMILY.iter().find(|(start, _)| subject.starts_with(start));
    let choices = known.map_or_else(|| hashed(subject), |(_, choices)| *choices);
    let [skin, ground, shirt, haircut, hair] = choices;
    let skin = SKIN[skin % SKIN.len()];
    format!(
        "<svg viewBox=\"0 0 40 40\" width=\"40\" height=\"40\" aria-hidden=\"true\">\
         <circle cx=\"20\" cy=\"20\" r=\"20\" fill=\"{ground}\"/>\
         <path d=\"M6.5 34.7C8 29 13 27 20 27s12 2 13.5 7.7A20 20 0 0 1 20 40 20 20 0 0 1 6.5 34.7\" \
         fill=\"{shirt}\"/><path d=\"M17 24h6v5a3 3 0 0 1-6 0z\" fill=\"{skin}\"/>\
         <ellipse cx=\"20\" cy=\"19\" rx=\"7.5\" ry=\"8.5\" fill=\"{skin}\"/>\
         <path d=\"{haircut}\" fill=\"{hair}\"/>\
         <circle cx=\"17\" cy=\"19\" r=\"1\" fill=\"#222\"/><circle cx=\"23\" cy=\"19\" r=\"1\" \
         fill=\"#222\"/><path d=\"M17 23q3 2.5 6 0\" fill=\"none\" stroke=\"#222\" \
         stroke-linecap=\"round\"/></svg>",
        ground = GROUND[ground % GROUND.len()],
        shirt = SHIRT[shirt % SHIRT.len()],
        haircut = HAIRCUTS[haircut % HAIRCUTS.len()],
        hair = HAIR[hair % HAIR.len()],
    )
}

/// FNV-1a: neighbouring subjects differ in all choices.
fn hashed(subject: &str) -> [usize; 5] {
    let hash = subject.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    [0, 5, 11, 17, 23].map(|shift| usize::try_from(hash >> shift).unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_family_has_a_face_of_their_own() {
        let people = crate::google::family();
        let faces = people.iter().map(|person| face(&person.subject));
        let faces: std::collections::BTreeSet<String> = faces.collect();
        assert_eq!(faces.len(), people.len());
        assert_eq!(face("1"), face("1"));
    }
}
