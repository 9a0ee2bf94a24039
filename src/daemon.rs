//! The composition root: config → state → listener → jobs → stop.

pub mod control;
pub mod jobs;
pub mod lifecycle;
mod port;
mod setup_mode;
mod supervision;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwapOption;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::app::{self, AppState, CurrentState, UsedLogins};
use crate::clients::refresh_coordinator::RefreshCoordinator;
use crate::config::{Config, ConfigError, ScheduleUse};
use crate::daemon::control::{Control, Reloader, Socket};
use crate::daemon::jobs::{FingerprintKey, Jobs, ScheduleFile};
use crate::daemon::lifecycle::start::{Circumstances, SLOWEST_BOOT, Start};
use crate::daemon::lifecycle::{GRACE, Hangups, Lifecycle, supervisor};
use crate::http::Server;
use crate::logging;
use crate::machine::clock::SystemClock;
use crate::machine::random::OsRandom;
use crate::machine::tls::TlsSource;
use crate::store::key_ring::KeyRing;
use crate::store::{ShutdownMarker, Store, StoreError};
use domain::base::clock::{Clock, UnixTime};
use domain::base::random::Random;
use domain::base::secret::Secret;
use domain::model::login::cookie::Sealer;
use domain::model::power::{KnownSchedule, Source};
use domain::signin::directory::Snapshot;
use port::bind;
use setup_mode::Found;
pub use setup_mode::Wait;
use supervision::Supervision;

/// Ending its session is a courtesy to DSM, which answers within this or is
/// not well.
const DSM_GRACE: Duration = Duration::from_secs(1);

/// Everything but the listener: ready to serve.
#[derive(Debug)]
pub struct Daemon {
    current: Arc<CurrentState>,
    server: Arc<Server>,
    jobs: Arc<Jobs>,
    reloader: Arc<Reloader>,
    control: Arc<Control>,
}

impl Daemon {
    /// Opens the state, makes what is made at first start, and takes up what
    /// is known from yesterday. Asks nobody over the network. `time_zone` is
    /// the NAS's.
    pub async fn prepare(
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        time_zone: TimeZone,
    ) -> anyhow::Result<Self> {
        let tls = config
            .listen
            .tls
            .as_ref()
            .map(|files| TlsSource::load(files, &config.issuer, Arc::clone(&clock)))
            .transpose()?;
        let store = Store::open(&config.storage, clock.now())
            .with_context(|| format!("the state {} cannot be used", config.storage.display()))?;
        let store = Arc::new(store);
        let in_file = ScheduleFile::read(&config.power).await;
        let schedule = store.power_schedule().await?;
        let heeded = match config.power.schedule {
            ScheduleUse::Auto => in_file.schedule().or(schedule.as_ref()),
            ScheduleUse::Off => None,
        };
        let since = clock.now().minus(SLOWEST_BOOT);
        let power_on = heeded.and_then(|schedule| schedule.next_on(&time_zone, since));
        say_start(&store, &*clock, power_on).await?;
        let keys = KeyRing::open(Arc::clone(&store), clock.now()).await?;
        let seal_key = store.seal_key(Secret::new(random.bytes()?)).await?;
        let kept = jobs::Kept {
            users: store.directory().await?,
            hold: store.hold().await?,
            fingerprint_key: FingerprintKey::derived_from(&seal_key),
            schedule,
        };
        let snapshot = kept
            .users
            .as_ref()
            .map(|kept| Arc::new(Snapshot::new(Arc::clone(&kept.list), kept.refreshed)));
        let known = kept.schedule.clone().map(|schedule| KnownSchedule {
            schedule,
            source: Source::State,
        });
        let documents = store.documents().await?;
        let current = Arc::new(CurrentState::new(AppState {
            policy: Arc::new(app::policy(&config)),
            upstream: Arc::new(app::upstream(&config, &clock, documents)),
            dsm: Arc::new(app::dsm_client(&config)),
            config,
            store,
            keys: Arc::new(keys),
            sealer: Arc::new(Sealer::new(&seal_key)?),
            snapshot: Arc::new(ArcSwapOption::new(snapshot)),
            power: Arc::new(ArcSwapOption::from_pointee(known)),
            refresh_desk: Arc::new(RefreshCoordinator::new(Arc::clone(&clock))),
            clock,
            random,
            time_zone,
            refusals: Arc::default(),
            problems: Arc::default(),
            spent: Arc::new(UsedLogins::default()),
        }));
        let jobs = Arc::new(Jobs::new(Arc::clone(&current), kept));
        // Before anything is planned; DSM is asked once it serves.
        jobs.take_up_schedule(in_file).await;
        let reloader = Arc::new(Reloader::new(Arc::clone(&current), Arc::clone(&jobs)));
        let control = Control::new(Arc::clone(&current), Arc::clone(&jobs), &reloader);
        Ok(Self {
            server: Arc::new(Server::new(Arc::clone(&current), tls)),
            control: Arc::new(control),
            jobs,
            reloader,
            current,
        })
    }

    /// What the requests work with; a reload puts another in its place.
    pub fn current(&self) -> &Arc<CurrentState> {
        &self.current
    }

    /// What runs by itself.
    pub fn jobs(&self) -> &Arc<Jobs> {
        &self.jobs
    }

    /// Reads the config again.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// Serves on `listener` and runs the jobs until `stop`; then finishes what
    /// is in flight, within five seconds, and closes the state.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
        let lifecycle = Lifecycle::default();
        self.spawn_jobs(&lifecycle);
        self.spawn_control(&lifecycle).await;
        let serving = Arc::clone(&self.server).serve(listener, lifecycle.stop().clone());
        let ended = async {
            let jobs = async {
                lifecycle.ended().await;
                self.leave_dsm().await;
            };
            tokio::join!(serving, jobs);
        };
        let overdue = async {
            tokio::select! {
                () = stop.cancelled() => lifecycle.stop().cancel(),
                () = lifecycle.stop().cancelled() => {}
            }
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = ended => {}
            () = overdue => {
                tracing::warn!("stopping with requests in flight: their time is over");
            }
        }
        let ended = if lifecycle.has_failed() {
            ShutdownMarker::Running
        } else {
            ShutdownMarker::Stopped
        };
        self.close(ended).await;
        anyhow::ensure!(
            !lifecycle.has_failed(),
            "a task of the daemon ended by itself"
        );
        Ok(())
    }

    fn supervision(&self, stop: CancellationToken) -> Supervision {
        Supervision {
            current: Arc::clone(&self.current),
            jobs: Arc::clone(&self.jobs),
            server: Arc::clone(&self.server),
            stop,
        }
    }

    fn spawn_jobs(&self, lifecycle: &Lifecycle) {
        let jobs = || Arc::clone(&self.jobs);
        let (users, power_off, keys) = (jobs(), jobs(), jobs());
        let (fresh, documents, minutes) = (jobs(), jobs(), jobs());
        lifecycle.spawn("users", async move { users.run_users_loop().await });
        lifecycle.spawn("before-power-off", async move {
            power_off.run_before_power_off_loop().await;
        });
        lifecycle.spawn(
            "key-rotation",
            async move { keys.run_key_rotation_loop().await },
        );
        lifecycle.spawn("google", async move { fresh.run_documents_loop().await });
        lifecycle.spawn("documents", async move { documents.save_documents().await });
        let store = Arc::clone(&self.current.load().store);
        lifecycle.spawn("state", async move { store.ended().await });
        let stop = lifecycle.stop().clone();
        lifecycle.spawn("minutes", async move {
            if let Err(error) = minutes.tell_minutes(stop).await {
                tracing::error!(%error, "the scheduler failed");
            }
        });
    }

    /// A family that signs in needs no control socket: without one it is said,
    /// and the daemon serves all the same.
    async fn spawn_control(&self, lifecycle: &Lifecycle) {
        let path = &self.current.load().config.control_socket;
        match Socket::bind(path).await {
            Ok(socket) => lifecycle.spawn("control", Arc::clone(&self.control).serve(socket)),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the command line cannot ask this daemon"
            ),
        }
    }

    /// A reading that the stop broke off has a session in DSM.
    async fn leave_dsm(&self) {
        let dsm = Arc::clone(&self.current.load().dsm);
        if timeout(DSM_GRACE, dsm.end_session()).await.is_err() {
            tracing::warn!("a session stays open in DSM until it times out: it does not answer");
        }
    }

    /// What has not `ended` in good order passes for cut off at the next
    /// start.
    async fn close(self, ended: ShutdownMarker) {
        if let Err(error) = self.save_shutdown(ended).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "how fresh the state is cannot be written down");
        }
        self.current.load().store.close();
    }

    async fn save_shutdown(&self, ended: ShutdownMarker) -> Result<(), StoreError> {
        self.jobs.save_freshness().await?;
        let app = self.current.load();
        app.store.save_shutdown_marker(app.clock.now(), ended).await
    }
}

/// What a daemon begins with.
#[derive(Debug)]
pub enum Begin {
    /// A config.
    Configured(Box<Config>),
    /// Waiting for one, and why there is none.
    Waiting(Wait, ConfigError),
}

impl Begin {
    /// The config, as soon as there is one; `None`: it was time to stop
    /// before.
    async fn found(
        self,
        log: &logging::Handle,
        hangups: &mut Hangups,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Found>> {
        let (wait, error) = match self {
            Self::Configured(config) => {
                return Ok(Some(Found {
                    config: *config,
                    listener: None,
                }));
            }
            Self::Waiting(wait, error) => (wait, error),
        };
        let found = wait.for_config(&error, hangups, stop).await?;
        if let Some(found) = &found {
            log.reload(&found.config.log)?;
        }
        Ok(found)
    }
}

/// Runs the daemon in this process until SIGTERM or SIGINT.
pub async fn run(begin: Begin, log: logging::Handle, time_zone: TimeZone) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let signals = {
        let stop = stop.clone();
        async move {
            lifecycle::asked_to_stop().await?;
            tracing::info!("stopping");
            supervisor::stopping();
            stop.cancel();
            lifecycle::asked_to_stop().await
        }
    };
    // Before anything else: a SIGHUP while it starts must not end it.
    let mut hangups = Hangups::listen().context("wait for signals")?;
    let work = async {
        let Some(Found { config, listener }) = begin.found(&log, &mut hangups, &stop).await? else {
            return Ok(());
        };
        config.log_warnings(SystemClock::new().now());
        let address = config.listen.address;
        let issuer = config.issuer.as_str().to_owned();
        let daemon = Daemon::prepare(
            config,
            Arc::new(SystemClock::new()),
            Arc::new(OsRandom::default()),
            time_zone,
        )
        .await?;
        let listener = match listener {
            Some(listener) => Some(listener),
            None => bind(address, &stop).await?,
        };
        let Some(listener) = listener else {
            daemon.close(ShutdownMarker::Stopped).await;
            return Ok(());
        };
        tracing::info!(%address, issuer, version = env!("CARGO_PKG_VERSION"), "serving");
        let reloader = Arc::clone(daemon.reloader());
        reloader.lead_log(log);
        let supervision = daemon.supervision(stop.clone());
        tokio::select! {
            served = daemon.serve(listener, stop.clone()) => served,
            never = supervision.keep() => match never {},
            never = reload_at(&mut hangups, &reloader) => match never {},
        }
    };
    // Signals first: from the first moment a stop is one in good order.
    tokio::select! {
        biased;
        second = signals => {
            second.context("wait for signals")?;
            anyhow::bail!("stopped at once by a second signal")
        }
        done = work => done,
    }
}

async fn reload_at(hangups: &mut Hangups, reloader: &Reloader) -> Infallible {
    loop {
        hangups.next().await;
        tracing::info!("reading the config again: SIGHUP");
        if let Err(error) = reloader.reload().await {
            tracing::error!("the config of before stays in force: {}", error.in_lines());
        }
    }
}

async fn say_start(
    store: &Store,
    clock: &dyn Clock,
    scheduled_power_on: Option<UnixTime>,
) -> Result<(), StoreError> {
    let circumstances = Circumstances {
        now: clock.now(),
        last_run: store.last_run().await?,
        loss: store.loss(),
        machine_on_for: clock.machine_on_for(),
        scheduled_power_on,
    };
    Start::under(&circumstances).say(&circumstances);
    Ok(())
}
