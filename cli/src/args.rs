//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use mattermost_simulator::{Costs, LicensePreset, Memberships};
use provider_host::Access;

use crate::change::ChangeArgument;
use crate::fault::FaultArgument;
use crate::output::{AnswerFormat, Fields, LicenseFormat, ListingFormat};
use crate::screen::ColourChoice;
use crate::select::Selection;
use crate::sort::SortKeys;
use crate::threshold::FewSeats;

/// The end of the help.
const AFTER: &str = "\
Exit codes:
  0  complete, even if fields are hidden or there are warnings
  1  an error, or a check that failed
  2  the command line or a setting is wrong
  3  incomplete: there may be more users than were printed
  4  `license`: at --warn-days or --warn-seats, or below

Output:
  Data goes to standard output. Errors and warnings go to standard error, and \
  so do progress and a summary if that is a terminal. A table on a terminal \
  drops columns before it cuts values; a table that is piped is not cut. \
  Control characters in values are replaced, and a CSV cell that a spreadsheet \
  would run as a formula begins with a single quote; --raw writes values \
  unchanged. JSON is always exact, with escapes.

Examples:
  providerctl demo
  providerctl simulate --users 20000 --port 8065
  export ACCESS_TOKEN=…
  providerctl check --set server_url=https://chat.example.com \\
      --secret access_token=env:ACCESS_TOKEN
  providerctl users --set server_url=https://chat.example.com \\
      --secret access_token=file:/run/secrets/token --format csv > users.csv";

/// The end of the help of `users`.
const AFTER_USERS: &str = "\
How users are selected:
  An account is printed if all flags apply to it. What a record does not say is \
  not guessed: an account whose last activity is unknown or hidden is never \
  idle, and the summary counts the accounts that could not be decided. Records \
  do not say in which teams an account is, so there is no --team; --attribute \
  runs-teams=NAME selects those who administer one.

Output:
  Each page is printed when it arrives; --sort and --count wait for the last. \
  With JSON the array is always closed, so that it is valid. A summary on \
  standard error, if that is a terminal or with -v, counts all users who were \
  read by status and seat, and the seats that nobody used for the time of \
  --inactive-for, or for 90 days.

Reading a file, with --from FILE:
  The users of the last listing that `users --checkpoint` or `sync` finished \
  there, without asking the server: no --set and no --secret. Lengths of time \
  are counted back from that listing, not from today. An unproven listing ends \
  with exit code 3, as it did when it was read.

Exit codes:
  0  complete, or as many users as --limit asked for
  1  an error before the first user
  2  the command line or a setting is wrong
  3  incomplete: users may be missing, or a full disk cut the output, the \
     checkpoint or the audit log; the file of --output is left as it was

Retries:
  After a temporary failure a page is read again up to three times, after the \
  pause that the server asks for. If that is more than a minute, the listing \
  ends and says how long to wait. A listing without progress for two minutes \
  ends with what was read (--stall-timeout).

Resuming, with --checkpoint FILE:
  Each page is saved before it is printed. After a lost connection, Ctrl-C, a \
  stop by the service manager or kill -9, run the same command to resume. It \
  prints the users in the file first, then the rest: the output of the last run \
  is the whole list, each user once. Once a listing has ended, the next run \
  starts a new one, and the file keeps the last complete one. The file holds \
  the users' data and no secret, and only its owner may read it.

Examples, with the server's --set and --secret or with --from FILE:
  providerctl users … --seat occupied --inactive-for 90d --format csv -o idle.csv
  providerctl users … --role system-admin --columns username,email,last_activity_at
  providerctl users … --created-since 30d --sort created_at:desc --limit 20
  providerctl users … --kind guest --json username,email
  providerctl users … --seat occupied --never-used --count";

/// The end of the help of `license`.
const AFTER_LICENSE: &str = "\
Exit codes:
  0  above all thresholds, or none was given
  1  an error, or a threshold was given for a value that is unknown
  2  the command line or a setting is wrong
  4  at --warn-days or --warn-seats, or below; the data is printed all the same

Prometheus:
  license_count, license_info, license_trial, license_seats_purchased, \
  license_seats_used, license_starts_timestamp_seconds and \
  license_expires_timestamp_seconds, each with the labels provider, source and \
  tenant, license_type and name. What is unknown has no sample, what is \
  unlimited is +Inf. With -o FILE a collector never reads half a file.

Examples, with the server's --set and --secret:
  providerctl license … --warn-days 30 --warn-seats 5%
  providerctl license … --format prometheus -o /var/lib/node_exporter/license.prom";

/// The end of the help of `sync`.
const AFTER_SYNC: &str = "\
How it works:
  The first run lists everybody. Later runs ask the server only for what \
  changed, with a small part of the requests of a listing. After a deletion, \
  with other settings or with another version of the component, they need no \
  new listing either. They list everybody again if the server does not show \
  this token who is new and who is gone; on a terminal they print why. FILE is \
  the one of `users --checkpoint`: `users` prints everybody, and `sync` prints \
  what changed since the last run of either.

Output:
  Each line says added, changed or gone. JSON has the change, the user, and the \
  changed fields with their old and new values. A change counts as \
  printed only when the next one is read: after an interruption, even by \
  kill -9, the next run prints it again, and none is lost.

Exit codes:
  0  complete
  1  an error before the first change
  2  the command line or a setting is wrong
  3  incomplete: nobody is reported as gone, or a full disk cut the output

Example for a job that runs once an hour and mails only what went wrong:
  providerctl sync --checkpoint /var/lib/chat.sqlite --set server_url=https://chat.example.com \\
      --secret access_token=file:/run/secrets/token --format ndjson >> /var/log/chat-users.ndjson";

/// The end of the help of `report`.
const AFTER_REPORT: &str = "\
The page:
  One HTML file that needs no script and no network, for screens, phones and \
  paper, in light and dark. It shows the seats in use and purchased, when the \
  licence ends, who holds a seat without using it for 30, 60, 90 and 180 days \
  or ever, the accounts by status, kind and role, when they were last used, who \
  administers what, the guests, and what the token cannot see. An account whose \
  last activity is hidden is never counted as idle. With --checkpoint it also \
  shows what changed since the complete listing before.

Output:
  --out report.html writes the page alone. --out report/ makes a folder with \
  report.html, users.csv, users.ndjson and idle-seats.csv. Long tables fold; a \
  table that the page does not show whole names the file that has all of it. \
  Each file appears when it is complete and replaces an earlier one, whose \
  permissions it keeps.

Exit codes:
  0  complete
  1  an error before the first user
  2  the command line or a setting is wrong
  3  incomplete: users may be missing, which the page says. After a listing \
     that broke off no page is written, and an earlier one stays

Example, once a month:
  providerctl report --out /srv/reports/chat/ --checkpoint /var/lib/chat.sqlite \\
      --set server_url=https://chat.example.com --secret access_token=file:/run/secrets/token";

/// Runs a provider component in a sandbox and shows what it reads
#[derive(Parser)]
#[command(name = "providerctl", version, after_help = AFTER, max_term_width = 120)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How everything is printed.
    #[command(flatten)]
    pub(crate) look: LookArgs,
}

/// The heading of the options of every command.
const GLOBAL: &str = "Options of every command";

/// How everything is printed.
#[derive(Args)]
pub(crate) struct LookArgs {
    /// When to colour text; `auto` heeds $NO_COLOR and $TERM
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColourChoice::Auto,
        help_heading = GLOBAL)]
    pub(crate) color: ColourChoice,
    /// Prints no progress and no summary; errors and warnings are always printed
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,
}

/// The subcommands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows the component: its settings and the requests that it may send
    Describe(DescribeArgs),
    /// Tests the settings and the token step by step, and says how to fix each problem
    Check(CheckArgs),
    /// Shows the licences and how many of their seats are taken
    License(LicenseArgs),
    /// Lists all users
    Users(Box<UsersArgs>),
    /// Brings a saved listing up to date and shows what changed
    Sync(SyncArgs),
    /// Writes a page on licences, seats and who does not use one
    Report(ReportArgs),
    /// Runs a simulated Mattermost server on this machine until Ctrl-C
    Simulate(SimulateArgs),
    /// Shows everything at once, on a simulated server that it starts itself
    Demo(DemoArgs),
    /// Lists a server with two versions of a component and shows which records differ
    Canary(CanaryArgs),
    /// Shows what a component's file contains, without running it
    Inspect(InspectArgs),
    /// Writes a component's description and metadata into its file, as a build's last step
    Seal(SealArgs),
    /// Prints a completion script
    Completions {
        /// For this shell
        shell: clap_complete::Shell,
    },
    /// Writes the manual pages into a folder
    Man {
        /// The folder, such as ~/.local/share/man/man1; made if it is missing
        folder: PathBuf,
    },
}

/// The options that choose and run a component.
#[derive(Args)]
pub(crate) struct ComponentArgs {
    /// The component to run
    ///
    /// Default: the file in $PROVIDERCTL_COMPONENT, then mattermost-provider.wasm beside this command. No other place is
    /// searched.
    #[arg(long, value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,
    /// How long one call of the component may take, waiting included (default: 300), and how long compiling it may take
    /// (default: 120)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: Option<u64>,
    /// The options of the cache.
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// Whether to print which component runs.
    #[command(flatten)]
    pub(crate) verbose: VerboseArgs,
}

/// Whether to print which component runs.
#[derive(Args)]
pub(crate) struct VerboseArgs {
    /// Shows which component runs: its file, sha256 and version; with `users` also the summary, where stderr is piped
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// The options of the cache.
#[derive(Args)]
pub(crate) struct CacheArgs {
    /// Does not use the cache of compiled components
    ///
    /// By default, the component is compiled once and kept in $XDG_CACHE_HOME/providerctl or ~/.cache/providerctl, if
    /// only this user may write to that folder.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// The options of a connection: the product, the tenant and the component.
#[derive(Args)]
pub(crate) struct ConnectArgs {
    /// The options for reaching the product.
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// A providers.toml: trusted components, and tenants with their settings
    #[arg(long, value_name = "FILE", requires = "tenant", conflicts_with_all = [
        "component", "timeout", "set", "secret", "grant_value", "ca_file", "proxy", "client_cert", "header",
    ])]
    pub(crate) config: Option<PathBuf>,
    /// The tenant whose settings are used
    // The same conflicts as of --config: clap does not check `requires` if the required argument conflicts with another one.
    #[arg(long, value_name = "NAME", requires = "config", conflicts_with_all = [
        "component", "timeout", "set", "secret", "grant_value", "ca_file", "proxy", "client_cert", "header",
    ])]
    pub(crate) tenant: Option<String>,
    /// Logs each request to this file as a line of JSON: time, request and outcome, and no user data
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// The options that choose and run a component.
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
}

/// The options for reaching the product.
#[derive(Args)]
pub(crate) struct ServerArgs {
    /// A setting of the component; `providerctl describe` lists them
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// A secret setting: the name of an environment variable or the path of a file that holds its value
    ///
    /// One line break at the end of the file is ignored. The value itself is refused here, since the process list and the
    /// shell's history would show it.
    #[arg(long = "secret", value_name = "KEY=env:NAME|KEY=file:PATH")]
    pub(crate) secret: Vec<String>,
    /// How long a listing may go without progress before it ends with what was read (default: 120, or the tenant's
    /// limit)
    ///
    /// A new user is progress, and so is a known one who was compared. If the server asks to wait longer than this, the
    /// listing ends at once. `check` and `license` end after this time as well, unless --timeout is given.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) stall_timeout: Option<u64>,
    /// A PEM file with the certificates of a private authority to trust, in addition to the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Vec<PathBuf>,
    /// A secret whose value the component may see, if the component describes it as secret-value
    #[arg(long, value_name = "KEY")]
    pub(crate) grant_value: Vec<String>,
    /// A forward proxy for all requests, such as `http://proxy.example.com:3128`
    ///
    /// The proxy resolves the server's name, so an address is checked here only if the URL contains it.
    /// $HTTPS_PROXY is not read.
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// The user name at the proxy, and where its password is
    #[arg(long, value_name = "USER=env:NAME|USER=file:PATH", requires = "proxy")]
    pub(crate) proxy_login: Option<String>,
    /// A PEM file with the client certificate, followed by the certificates that signed it
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub(crate) client_cert: Option<PathBuf>,
    /// A PEM file with the key of the client certificate
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    pub(crate) client_key: Option<PathBuf>,
    /// A header that a gateway in front of the server requires, and where its value is
    #[arg(long, value_name = "NAME=env:NAME|NAME=file:PATH")]
    pub(crate) header: Vec<String>,
}

impl ServerArgs {
    /// Limits how long a listing may go without progress, and with it the longest wait.
    pub(crate) fn stalling(&self, access: Access) -> Access {
        let time = self.stall_timeout.map_or_else(|| access.stall_time(), Duration::from_secs);
        access.stalling_after(time)
    }
}

/// `describe`.
#[derive(Args)]
pub(crate) struct DescribeArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    pub(crate) format: AnswerFormat,
    /// The options that choose and run a component.
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
}

/// `canary`.
#[derive(Args)]
#[command(
    after_help = "Exit codes: 0 if no record differs, 1 if one does. A change on the server meanwhile does not count as a difference."
)]
pub(crate) struct CanaryArgs {
    /// The component in use
    pub(crate) old: PathBuf,
    /// The component to replace it
    pub(crate) new: PathBuf,
    /// How to print the differences
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    pub(crate) format: AnswerFormat,
    /// The options for reaching the product.
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// The options of the cache.
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// Whether to print which components run.
    #[command(flatten)]
    pub(crate) verbose: VerboseArgs,
}

/// `inspect`.
#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The component
    pub(crate) file: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    pub(crate) format: AnswerFormat,
}

/// `seal`.
#[derive(Args)]
pub(crate) struct SealArgs {
    /// The component; it runs once to describe itself, and its file is replaced
    pub(crate) file: PathBuf,
    /// Its licence, as an SPDX expression
    #[arg(long, value_name = "SPDX")]
    pub(crate) licenses: Option<String>,
    /// Where its sources are
    #[arg(long, value_name = "URL")]
    pub(crate) source: Option<String>,
    /// The revision of the sources that it was built from
    #[arg(long, value_name = "REVISION")]
    pub(crate) revision: Option<String>,
}

/// `check`.
#[derive(Args)]
pub(crate) struct CheckArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    pub(crate) format: AnswerFormat,
    /// The options for reaching the product.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `license`.
#[derive(Args)]
#[command(after_help = AFTER_LICENSE)]
pub(crate) struct LicenseArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = LicenseFormat::Table)]
    pub(crate) format: LicenseFormat,
    /// Exits with 4 if a licence ends within this many days, or has ended
    #[arg(long, value_name = "DAYS")]
    pub(crate) warn_days: Option<u32>,
    /// Exits with 4 if at most this many seats are left, or this part of those bought, such as 5%
    #[arg(long, value_name = "SEATS|PERCENT%")]
    pub(crate) warn_seats: Option<FewSeats>,
    /// Where to write the data.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// The options for reaching the product.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// Where to write the data.
#[derive(Args)]
pub(crate) struct OutputArgs {
    /// Writes the data into this file instead of standard output, whole or not at all
    ///
    /// A file beside it replaces it at the end. After an error, or if the listing is incomplete, it is left as it was.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How to read a listing, and where to save it.
#[derive(Args)]
pub(crate) struct ReadingArgs {
    /// About how many users the component reads at a time; 0 lets the component choose
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) page_size: u32,
    /// Saves the listing in this file and resumes an interrupted one from it; created if missing
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Ignores the checkpoint and starts over
    #[arg(long, requires = "checkpoint")]
    pub(crate) restart: bool,
}

/// Whether values are written unchanged.
#[derive(Args)]
pub(crate) struct ValuesArgs {
    /// Writes values in CSV and in a piped table exactly as the server has them
    ///
    /// By default characters that could control a terminal are replaced, and a CSV cell that a spreadsheet would run
    /// as a formula begins with a single quote. JSON is always exact.
    #[arg(long)]
    pub(crate) raw: bool,
}

/// `users`.
#[derive(Args)]
#[command(after_help = AFTER_USERS)]
pub(crate) struct UsersArgs {
    /// Which users to print.
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// How to print them.
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// Where to write the data.
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Reads the listing in this file of --checkpoint or `sync`, without asking the server
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "checkpoint", "restart", "page_size", "audit", "config", "tenant", "component", "timeout", "set", "secret", "grant_value",
        "ca_file", "proxy", "client_cert", "header", "stall_timeout",
    ])]
    pub(crate) from: Option<PathBuf>,
    /// Which listing of --from, if the file holds those of several servers: the server's address
    #[arg(long, value_name = "URL", requires = "from")]
    pub(crate) source: Option<String>,
    /// How to read the listing, and where to save it.
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// The options for reaching the product.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// How `users` prints.
#[derive(Args)]
pub(crate) struct ViewArgs {
    /// How to print them (default: table)
    #[arg(long, value_enum)]
    pub(crate) format: Option<ListingFormat>,
    /// These columns of a table or of CSV, such as username,email,last_activity_at
    ///
    /// The fields of a record, as in JSON; name, which is the first and the last name; and attributes.KEY for one attribute.
    #[arg(long, value_name = "FIELD,…")]
    pub(crate) columns: Option<Fields>,
    /// JSON with these fields alone; without a value it prints their names
    ///
    /// An array, or with --format ndjson one object per line.
    #[arg(long, value_name = "FIELD,…", num_args = 0..=1, default_missing_value = "", conflicts_with = "columns")]
    pub(crate) json: Option<Fields>,
    /// Sorts by these fields, such as last_activity_at or created_at:desc; unknown values come last
    #[arg(long, value_name = "FIELD[:desc],…")]
    pub(crate) sort: Option<SortKeys>,
    /// Prints at most this many users, and reads no further unless it sorts or has a checkpoint
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Prints how many users there are, and none of them
    #[arg(long, conflicts_with_all = ["format", "columns", "json", "sort", "limit", "raw"])]
    pub(crate) count: bool,
    /// Whether values are written unchanged.
    #[command(flatten)]
    pub(crate) values: ValuesArgs,
}

/// `sync`.
#[derive(Args)]
#[command(after_help = AFTER_SYNC)]
pub(crate) struct SyncArgs {
    /// The file that holds the listing; created if missing
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: PathBuf,
    /// How to print what changed
    #[arg(long, value_enum, default_value_t = ListingFormat::Table)]
    pub(crate) format: ListingFormat,
    /// Whether values are written unchanged.
    #[command(flatten)]
    pub(crate) values: ValuesArgs,
    /// Reads every user again, even if the component could report only what changed
    #[arg(long)]
    pub(crate) full: bool,
    /// About how many users the component reads at a time in a full listing; 0 lets the component choose
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) page_size: u32,
    /// The options for reaching the product.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `report`.
#[derive(Args)]
#[command(after_help = AFTER_REPORT)]
pub(crate) struct ReportArgs {
    /// The page to write; a folder gets tables beside the page
    #[arg(long, value_name = "FILE|FOLDER/")]
    pub(crate) out: PathBuf,
    /// How to read the listing, and where to save it.
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// The options for reaching the product.
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
}

/// `simulate`.
#[derive(Args)]
#[command(after_help = FAULTS)]
pub(crate) struct SimulateArgs {
    /// How many accounts the server has, bots and deactivated ones included
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) users: u32,
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "P", default_value_t = 8065)]
    pub(crate) port: u16,
    /// The same seed gives the same accounts and tokens
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The server version to simulate (default: the simulator's own)
    #[arg(long, value_name = "V")]
    pub(crate) version: Option<String>,
    /// The server's licence
    #[arg(long, value_name = "PRESET", default_value = "enterprise", value_parser = license)]
    pub(crate) license: LicensePreset,
    /// The path below which the server answers, such as /company/chat
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) subpath: String,
    /// The delay of each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency: u64,
    /// Which teams there are, and who is in them; see below
    #[arg(long, value_name = "PART,…")]
    pub(crate) memberships: Option<Memberships>,
    /// Delays answers to the response times of a real server: 11.6, or 11.6/N for an Nth of these times
    #[arg(long, value_name = "VERSION")]
    pub(crate) costs: Option<Costs>,
    /// How many requests per second the server answers before it asks to wait
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate_limit: Option<u32>,
    /// A fault to simulate; may be repeated
    #[arg(long, value_name = "KIND[,on=TEXT][,after=N][,times=N]")]
    pub(crate) fault: Vec<FaultArgument>,
    /// A change of an account during a listing; may be repeated
    #[arg(long, value_name = "KIND=VALUE[,after=N][,on=TEXT]")]
    pub(crate) change: Vec<ChangeArgument>,
    /// Hides e-mail addresses from everybody but administrators
    #[arg(long)]
    pub(crate) hide_email: bool,
    /// Hides first and last names from everybody but administrators
    #[arg(long)]
    pub(crate) hide_full_name: bool,
    /// Disables statuses, and with them the last activity
    #[arg(long)]
    pub(crate) no_statuses: bool,
}

/// The help on `--fault`.
const FAULTS: &str = "\
Kinds of faults:
  status=CODE          an error of the server; 502, 503 and 504 come as a proxy's page
  rate-limited=SECONDS asks to wait
  html                 a page instead of JSON
  truncated            fewer bytes than announced
  reset                the connection is closed without an answer
  garbage              broken JSON
  mfa                  the server requires multi-factor authentication
  redirect=URL         a redirect
  slow=MS              an answer that takes that long
  huge=BYTES           a body of that many bytes
  endless              a body that does not end
  headers=N            that many header lines
  same-page            the first page, whichever is requested
  trailing             a list followed by an error
  bad-record           a page with one account that is not valid
  body=TEXT            this JSON; must be last, since it may contain commas

  on=TEXT   only if the path contains it         after=N   lets N such requests pass first      times=N   no more than N times

Example: --fault status=503,on=/users,after=3,times=1

Kinds of changes, each applied once, after the server has answered N pages of the list:
  create=USERNAME  rename=PLACE:USERNAME  deactivate=PLACE  reactivate=PLACE  delete=PLACE
  join=PLACE:TEAM  leave=PLACE:TEAM  leave-channel=PLACE  guest=PLACE  sign-in=PLACE
  orphan=PLACE (deletes an account and leaves its memberships behind)
  PLACE is a place in the list by username, from 0; TEAM is the number in a team's name

Example, a deletion and a creation that leave the count the same: --change delete=10,after=2 --change create=zzz,after=2

Parts of --memberships:
  teams=N                          how many teams (default: one for a hundred accounts, at least 3, at most 40)
  main=nobody|people|everybody     who else is in the first team; everybody includes bots
  second=PERCENT  teamless=PERCENT how many people are in a second team, or in none
  callers=all|one|none             which teams the owners of the printed tokens are in, except the guest
  orphans=N  orphan-bots=N         memberships and bots whose account is gone
  apart                            each guest of a single channel is alone in that channel

Example: --memberships teams=6,main=everybody,callers=one --costs 11.6";

/// `demo`.
#[derive(Args)]
pub(crate) struct DemoArgs {
    /// How many accounts the simulated server has
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) users: u32,
    /// The same seed gives the same accounts
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many users are shown; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 25)]
    pub(crate) rows: u32,
    /// The server's licence
    #[arg(long, value_name = "PRESET", default_value = "enterprise", value_parser = license)]
    pub(crate) license: LicensePreset,
    /// The options that choose and run a component.
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
}

fn license(text: &str) -> Result<LicensePreset, String> {
    text.parse().map_err(|_| {
        let known: Vec<String> = LicensePreset::ALL.iter().map(ToString::to_string).collect();
        format!("use one of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::VARIABLE;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_names_the_variable_and_every_exit_code() {
        let mut command = Cli::command();
        let help = command.render_help().to_string();
        for code in ["  0  ", "  1  ", "  2  ", "  3  ", "  4  "] {
            assert!(help.contains(code), "{help}");
        }
        let users = command.find_subcommand_mut("users").unwrap().render_long_help().to_string();
        assert!(users.contains(VARIABLE));
    }
}
