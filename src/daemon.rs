//! The composition root: config → state → listener → jobs → stop.

pub(crate) mod control;
mod examiner;
pub mod jobs;
pub mod lifecycle;
mod port;
mod self_check;
mod setup_mode;
mod supervision;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwapOption;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::admin::AdministrationPage;
use crate::app::{self, AppState, CurrentState, UsedLogins};
use crate::clients::dsm::read_schedule_file;
use crate::clients::refresh_coordinator::RefreshCoordinator;
use crate::config::{Config, ConfigError};
use crate::daemon::control::{Control, Reloader, Socket};
use crate::daemon::examiner::Examiner;
use crate::daemon::jobs::{FingerprintKey, Jobs};
use crate::daemon::lifecycle::start::{Circumstances, SLOWEST_BOOT, Start};
use crate::daemon::lifecycle::{GRACE, Lifecycle, supervisor};
use crate::http::{READ_TIMEOUT, Server};
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
pub use self_check::SelfCheck;
use self_check::run_self_checks;
use setup_mode::Found;
pub use setup_mode::Wait;
use supervision::{status_of, supervise};

/// How long a stop waits for DSM to end our session.
const DSM_GRACE: Duration = Duration::from_secs(1);

/// A daemon that is ready to serve on a listener.
#[derive(Debug)]
pub struct Daemon {
    /// What requests work with; a reload replaces it.
    pub current: Arc<CurrentState>,
    /// The jobs that run by themselves.
    pub jobs: Jobs,
    server: Arc<Server>,
    reloader: Arc<Reloader>,
    examiner: Arc<Examiner>,
    control: Arc<Control>,
}

impl Daemon {
    /// Opens the state, or creates it at the first start, and loads what it
    /// has. Does not use the network. `time_zone` is the NAS's.
    pub async fn prepare(
        config: Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        time_zone: TimeZone,
    ) -> anyhow::Result<Self> {
        let tls = config
            .listen
            .tls()
            .map(|files| TlsSource::load(files, Arc::clone(&clock)))
            .transpose()?;
        let store = Store::open(&config.storage, clock.now())
            .with_context(|| format!("cannot use the state {}", config.storage.display()))?;
        let store = Arc::new(store);
        let in_file = read_schedule_file(&config.power).await;
        let schedule = store.power_schedule().await?;
        let in_use = match &in_file {
            Some(Ok(reading)) => Some(&reading.schedule),
            Some(Err(_)) => schedule.as_ref(),
            None => None,
        };
        let since = clock.now().minus(SLOWEST_BOOT);
        let power_on = in_use.and_then(|schedule| schedule.next_on(&time_zone, since));
        log_start(&store, &*clock, power_on).await?;
        let keys = KeyRing::open(Arc::clone(&store), clock.now()).await?;
        let seal_key = store.seal_key(Secret::new(random.bytes()?)).await?;
        let users = store.directory().await?;
        let snapshot = users.map(|users| Snapshot::new(users.list, users.refreshed));
        let source = Source::State;
        let known = schedule.map(|schedule| KnownSchedule { schedule, source });
        let refresh_coordinator = RefreshCoordinator::new(Arc::clone(&clock));
        refresh_coordinator.set_signin_pause(store.signin_pause().await?);
        let documents = store.documents().await?;
        let wizard_result = store.wizard_result().await?;
        let metrics = config.metrics_address.map(|_| Arc::default());
        let current = Arc::new(CurrentState::new(AppState {
            policy: Arc::new(app::policy(&config)),
            parties: app::parties(&config),
            upstream: Arc::new(app::upstream(&config, &clock, documents)),
            dsm: Arc::new(app::dsm_client(&config)),
            config,
            store,
            keys,
            sealer: Arc::new(Sealer::new(&seal_key)?),
            snapshot: Arc::new(ArcSwapOption::from_pointee(snapshot)),
            power: Arc::new(ArcSwapOption::from_pointee(known)),
            refresh_coordinator: Arc::new(refresh_coordinator),
            clock,
            random,
            time_zone,
            problems: Arc::default(),
            metrics,
            used_logins: Arc::new(UsedLogins::default()),
            doctor_nonces: Arc::default(),
            failed_checks: Arc::default(),
            wizard_result: Arc::new(ArcSwapOption::from_pointee(wizard_result)),
        }));
        let jobs = Jobs::new(&current, FingerprintKey::derived_from(&seal_key));
        // Before anything is planned; DSM is asked once the daemon serves.
        jobs.schedule.use_file(in_file).await;
        let reloader = Arc::new(Reloader::new(Arc::clone(&current), Arc::clone(&jobs.users)));
        let examiner = Arc::new(Examiner::new(Arc::clone(&current), Arc::clone(&jobs.users)));
        let control = Control::new(Arc::clone(&current), jobs.clone(), &reloader, &examiner);
        let control = Arc::new(control);
        let page = AdministrationPage::new(Arc::clone(&control) as _, &*current.load().random)?;
        let server = Server::new(Arc::clone(&current), tls, READ_TIMEOUT);
        Ok(Self {
            server: Arc::new(server.with_administration(Arc::new(page))),
            control,
            jobs,
            reloader,
            examiner,
            current,
        })
    }

    /// Serves on `listener` and runs the jobs until `stop`; then finishes
    /// requests in flight, within five seconds, and closes the state.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
        let lifecycle = Lifecycle::default();
        self.jobs.spawn(&lifecycle);
        let store = Arc::clone(&self.current.load().store);
        lifecycle.spawn("state", async move { store.ended().await });
        let examiner = Arc::clone(&self.examiner);
        lifecycle.spawn("examiner", examiner.run_examinations_loop());
        self.spawn_control(&lifecycle).await;
        self.spawn_metrics(&lifecycle);
        let serving = Arc::clone(&self.server).serve(listener, lifecycle.stop().clone());
        let ended = async {
            let jobs = async {
                lifecycle.ended().await;
                self.end_dsm_session().await;
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
                tracing::warn!("stopping with requests in flight: they took longer than {} s", GRACE.as_secs());
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

    /// Sign-ins do not need the control socket: the daemon serves without it.
    async fn spawn_control(&self, lifecycle: &Lifecycle) {
        let path = &self.current.load().config.control_socket;
        match Socket::bind(path).await {
            Ok(socket) => lifecycle.spawn("control", Arc::clone(&self.control).serve(socket)),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot open the control socket; commands cannot ask this daemon"
            ),
        }
    }

    /// Sign-ins do not need the metrics either.
    fn spawn_metrics(&self, lifecycle: &Lifecycle) {
        let Some(address) = self.current.load().config.metrics_address else {
            return;
        };
        let server = Arc::new(Server::for_metrics(Arc::clone(&self.current)));
        let stop = lifecycle.stop().clone();
        lifecycle.spawn("metrics", async move {
            match bind(address, "metrics.address", &stop).await {
                Ok(Some(listener)) => server.serve(listener, stop).await,
                Ok(None) => {}
                Err(error) => {
                    tracing::error!("the metrics are not served: {error:#}");
                    pending::<()>().await;
                }
            }
        });
    }

    /// A refresh that the stop has cancelled may have left a session in DSM.
    async fn end_dsm_session(&self) {
        let dsm = Arc::clone(&self.current.load().dsm);
        if timeout(DSM_GRACE, dsm.end_session()).await.is_err() {
            tracing::warn!("cannot end the session in DSM: it does not respond");
        }
    }

    /// Saves and closes the state.
    async fn close(self, ended: ShutdownMarker) {
        if let Err(error) = self.save_shutdown(ended).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "cannot save the state");
        }
        self.current.load().store.close();
    }

    async fn save_shutdown(&self, ended: ShutdownMarker) -> Result<(), StoreError> {
        self.jobs.users.save_state().await?;
        let app = self.current.load();
        app.store.save_shutdown_marker(app.clock.now(), ended).await
    }
}

/// The config with which the daemon starts, or how to wait for one.
#[derive(Debug)]
pub enum Begin {
    /// A valid config.
    Configured(Box<Config>),
    /// No valid config yet, and why.
    Waiting(Wait, ConfigError),
}

impl Begin {
    /// Returns the config as soon as it is valid; `None` after a stop.
    async fn found(
        self,
        log: &logging::Handle,
        hangups: &mut Signal,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Found>> {
        let (wait, error) = match self {
            Self::Configured(config) => {
                return Ok(Some((*config, None)));
            }
            Self::Waiting(wait, error) => (wait, error),
        };
        let found = wait.for_config(&error, hangups, stop).await?;
        if let Some((config, _)) = &found {
            log.reload(&config.log)?;
        }
        Ok(found)
    }
}

/// Runs the daemon in this process until SIGTERM or SIGINT.
pub async fn run(
    begin: Begin,
    self_check: SelfCheck,
    log: logging::Handle,
    time_zone: TimeZone,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let signals = {
        let stop = stop.clone();
        async move {
            lifecycle::stop_signal().await?;
            tracing::info!("stopping");
            supervisor::stopping();
            stop.cancel();
            lifecycle::stop_signal().await
        }
    };
    // First, since a SIGHUP ends a process that does not handle it.
    let mut hangups = signal(SignalKind::hangup()).context("wait for signals")?;
    let work = async {
        let has_waited = matches!(begin, Begin::Waiting(..));
        let Some((config, listener)) = begin.found(&log, &mut hangups, &stop).await? else {
            return Ok(());
        };
        config.log_warnings(SystemClock::new().now());
        let address = config.listen.address;
        let issuer = config.issuer.as_str().to_owned();
        let is_new = has_waited || !config.storage.exists();
        let daemon = Daemon::prepare(
            config,
            Arc::new(SystemClock::new()),
            Arc::new(OsRandom::default()),
            time_zone,
        )
        .await?;
        let listener = match listener {
            Some(listener) => Some(listener),
            None => bind(address, "listen.address", &stop).await?,
        };
        let Some(listener) = listener else {
            daemon.close(ShutdownMarker::Stopped).await;
            return Ok(());
        };
        tracing::info!(%address, issuer, version = env!("CARGO_PKG_VERSION"), "serving");
        let (reloader, examiner) = (Arc::clone(&daemon.reloader), Arc::clone(&daemon.examiner));
        reloader.set_log(log);
        let current = Arc::clone(&daemon.current);
        let (users, server) = (Arc::clone(&daemon.jobs.users), Arc::clone(&daemon.server));
        let answers = async || current.load().store.answers().await.is_ok();
        let status = || status_of(&current.load(), &users);
        let supervision = supervise(&server, &stop, answers, status);
        tokio::select! {
            ended = daemon.serve(listener, stop.clone()) => ended,
            never = supervision => match never {},
            never = run_reload_loop(&mut hangups, &reloader) => match never {},
            never = run_self_checks(self_check, is_new, &current, &examiner, &reloader) => match never {},
        }
    };
    // Signals first, so that a stop during the start is handled, too.
    tokio::select! {
        biased;
        second = signals => {
            second.context("wait for signals")?;
            anyhow::bail!("stopped at once by a second signal")
        }
        done = work => done,
    }
}

async fn run_reload_loop(hangups: &mut Signal, reloader: &Reloader) -> Infallible {
    while hangups.recv().await.is_some() {
        tracing::info!("SIGHUP: reading the config again");
        if let Err(error) = reloader.reload(None).await {
            tracing::error!("keeping the previous config: {}", error.in_lines());
        }
    }
    pending().await
}

async fn log_start(
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
    Start::under(&circumstances).log(&circumstances);
    store.history().begin(circumstances.now);
    Ok(())
}
