//! The family, other Google accounts, and the DSM user of each.

use fakes::dsm::FakeUser;
use fakes::google::Person;
use fakes::house::House;

/// The Google subject of a user unknown to the NAS.
pub(crate) const STRANGER: &str = "2001";

/// The Google subject of the account that gets Jeanne's former address.
pub(crate) const HEIR: &str = "2002";

pub(crate) const JEANNE: &str = "1001";
pub(crate) const PAUL: &str = "1002";

/// A user with a Google account.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The Google subject.
    pub(crate) subject: &'static str,
    /// The DSM user of this account, even if another account has the address.
    pub(crate) user: Option<&'static str>,
    address: &'static str,
    /// The address by which the Google account was linked.
    linked_by: Option<&'static str>,
}

/// A change to a user.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// A new DSM user, with an e-mail.
    Joins(&'static str, &'static str),
    Disabled(&'static str),
    Enabled(&'static str),
    /// The e-mail of a DSM user.
    Email(&'static str, &'static str),
    /// The address of the Google account with this subject.
    Google(&'static str, &'static str),
}

/// The expected result of a sign-in: the DSM user, or the refusal.
pub(crate) type Finds = Result<&'static str, &'static str>;

/// All Google accounts, and DSM's users.
pub(crate) struct Household {
    members: Vec<Member>,
    users: Vec<FakeUser>,
    /// As the daemon last read them.
    read: Vec<FakeUser>,
}

impl Household {
    pub(crate) fn new() -> Self {
        let member = |subject, user, address| Member {
            subject,
            user,
            address,
            linked_by: None,
        };
        let users = vec![
            FakeUser::new("admin", "").expired("now").administrator(),
            FakeUser::new("sso-reader", "").administrator(),
            FakeUser::new("jeanne", "jeanne.martin@gmail.com"),
            FakeUser::new("Paul", "Paul@Example.com").administrator(),
            FakeUser::new("lea", "lea@example.net"),
        ];
        Self {
            members: vec![
                member(JEANNE, Some("jeanne"), "Jeanne.Martin@gmail.com"),
                member(PAUL, Some("Paul"), "paul@example.com"),
                member("1003", Some("lea"), "lea@example.net"),
                member("1004", Some("hugo"), "hugo@example.org"),
                member(STRANGER, None, "inconnu@gmail.com"),
                member(HEIR, None, "heir@gmail.com"),
            ],
            read: users.clone(),
            users,
        }
    }

    /// Sets the accounts in Google and the users in DSM.
    pub(crate) fn live_in(&self, house: &House) {
        let person = |it: &Member| Person::new(it.subject, it.address, "Somebody");
        house
            .google
            .set_people(self.members.iter().map(person).collect());
        house.dsm.set_users(self.users.clone());
    }

    pub(crate) fn change(&mut self, change: Change) {
        match change {
            Change::Joins(user, email) => self.users.push(FakeUser::new(user, email)),
            Change::Disabled(user) => self.user(user).expired = Some("now".to_owned()),
            Change::Enabled(user) => self.user(user).expired = Some("normal".to_owned()),
            Change::Email(user, email) => self.user(user).email = Some(email.to_owned()),
            Change::Google(subject, address) => self.member(subject).address = address,
        }
    }

    fn user(&mut self, name: &str) -> &mut FakeUser {
        let mut users = self.users.iter_mut();
        users.find(|user| user.name == name).unwrap()
    }

    fn member(&mut self, subject: &str) -> &mut Member {
        let mut members = self.members.iter_mut();
        members.find(|member| member.subject == subject).unwrap()
    }

    /// The daemon has read the users.
    pub(crate) fn is_read(&mut self) {
        self.read.clone_from(&self.users);
    }

    /// DSM's users as the daemon last read them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.read.iter().map(|row| row.name.clone()).collect()
    }

    pub(crate) fn members(&self) -> Vec<Member> {
        self.members.clone()
    }

    /// Users who can sign in both with the saved users and after a refresh.
    pub(crate) fn welcome(&self) -> Vec<Member> {
        let finds = |users, member: &&Member| self.finds_by(users, member).is_ok();
        let members = self.members.iter();
        let members = members.filter(|it| finds(&self.read, it) && finds(&self.users, it));
        members.cloned().collect()
    }

    /// The expected result of a sign-in of `member`.
    pub(crate) fn finds(&self, member: &Member) -> Finds {
        self.finds_by(&self.read, member)
    }

    fn finds_by(&self, users: &[FakeUser], member: &Member) -> Finds {
        let Some(user) = member.user else {
            let mut members = self.members.iter();
            let has_it = |it: &Member| it.linked_by.is_some_and(|by| same(by, member.address));
            let is_taken = members.any(has_it);
            let refusals = ["address-unknown", "linked-to-another"];
            return Err(refusals[usize::from(is_taken)]);
        };
        let row = users.iter().find(|row| row.name == user);
        let is_theirs = |row: &&FakeUser| {
            let addresses = [Some(member.address), member.linked_by];
            let mut addresses = addresses.iter().flatten();
            addresses.any(|address| has(row, address))
        };
        let row = row.filter(is_theirs).ok_or("address-unknown")?;
        match row.expired.as_deref() {
            Some("normal") => Ok(user),
            _ => Err("account-disabled"),
        }
    }

    /// `member` has signed in: records the address by which the account is
    /// linked.
    pub(crate) fn is_in(&mut self, member: &Member) {
        let (subject, address) = (member.subject, member.address);
        let mut rows = self.read.iter();
        if rows.any(|row| Some(&*row.name) == member.user && has(row, address)) {
            self.member(subject).linked_by = Some(address);
        }
    }

    /// Google subject and DSM user of each link, in order.
    pub(crate) fn links(&self) -> Vec<String> {
        let linked = self.members.iter().filter(|it| it.linked_by.is_some());
        let link = |it: &Member| Some(format!("{} {}", it.subject, it.user?));
        linked.filter_map(link).collect()
    }
}

fn has(row: &FakeUser, address: &str) -> bool {
    row.email
        .as_deref()
        .is_some_and(|email| same(email, address))
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
