//! Every code that an error, a notice or a check step may carry, with what it means and what to do about it.
//!
//! The table is the single source: errors take their kind and fix from it, `describe` lists it, and a test compares
//! docs/troubleshooting.md with it.

use provider_sdk::cause::Cause;
use provider_sdk::codes;
use provider_sdk::front::Front;
use provider_sdk::http::Lost;

use crate::contract::{ErrorKind, Severity};

codes! {
    /// Why a call or a check step failed.
    Code {
        SettingMissing = "setting-missing", "A required setting is missing",
            "Fill in the setting.";
        ServerUrlInvalid = "server-url-invalid", "The server's URL cannot be used",
            "Enter the address that people open in their browser, with https:// or http:// and, where the server has one, its path, such as https://chat.example.com or https://example.com/mattermost.";
        AccessTokenInvalid = "access-token-invalid", "The access token cannot be sent",
            "Enter the token alone, as Mattermost showed it when it was made: one word, without spaces, quotes or line breaks.";
        InactiveAfterDaysInvalid = "inactive-after-days-invalid", "The number of days is not valid",
            "Enter a whole number of days from 1 to 36500, or leave the setting out for 90.";
        FlagInvalid = "flag-invalid", "The value of an on/off setting is not valid",
            "Enter true or false, or leave the setting out.";
        MaxInFlightInvalid = "max-in-flight-invalid", "The number of requests at once is not valid",
            "Enter a whole number from 1 to 32, or leave the setting out: it then adapts to the server.";
        ActivitySourceInvalid = "activity-source-invalid", "The source of the last activity is not valid",
            "Enter status or report, or leave the setting out for status.";
        ListingInvalid = "listing-invalid", "The way of listing is not valid",
            "Enter auto, ids or pages, or leave the setting out for auto.";
        NameNotFound = "name-not-found", "The server's name is not known",
            "Check the spelling of the server's URL, and whether the machine that runs this plugin can resolve the name: a server inside a company network often has no public name.";
        ConnectionRefused = "connection-refused", "The connection is refused",
            "Check the port in the server's URL, that Mattermost is running, and that no firewall stands between it and the machine that runs this plugin.";
        TimedOut = "timed-out", "The server does not answer in time",
            "Check that a firewall does not drop the connection silently, and whether the server or its database is overloaded.";
        TlsUntrusted = "tls-untrusted", "The server's certificate is not trusted",
            "Have the platform that runs this plugin trust the authority that signed the certificate, or the certificate itself if it is self-signed (providerctl: --ca-file). If a public authority signed it, update the platform's list of authorities.";
        TlsChainIncomplete = "tls-chain-incomplete", "The server's certificate chain does not lead to a trusted authority",
            "If a public authority signed it, the server does not send its intermediate certificate: have the server, or the proxy in front of it, send the whole chain (often a file named fullchain.pem). If a company's own authority signed it, have the platform that runs this plugin trust that authority (providerctl: --ca-file).";
        TlsExpired = "tls-expired", "A certificate of the server has expired",
            "Renew the certificate, and reload the server or the proxy that shows it. If it was renewed already, the old one is still in use. Check the clock of the machine that runs this plugin, too.";
        TlsNotYetValid = "tls-not-yet-valid", "A certificate of the server is not valid yet",
            "Synchronise the clock of the machine that runs this plugin with a time server (NTP). If that clock is right, the certificate was made on a machine whose clock is ahead: have a new one issued.";
        TlsWrongName = "tls-wrong-name", "The server's certificate is for another name",
            "Enter the server's URL with a name that its certificate has, or have a certificate issued that has the name of the URL. A proxy that serves several names may also show the certificate of another one.";
        TlsNameMissing = "tls-name-missing", "The server's certificate has no alternative name",
            "Have a new certificate issued with the server's name as subjectAltName (with openssl: -addext subjectAltName=DNS:chat.example.com).";
        TlsWeak = "tls-weak", "A certificate of the server has a weak key or signature",
            "Have a new certificate issued with an RSA key of 2048 bits or more, or an EC key, and signed with SHA-256. If the authority's certificate is the weak one, replace that one.";
        TlsRevoked = "tls-revoked", "The server's certificate has been revoked",
            "Ask the server's operator why the certificate was revoked, and have a new one installed.";
        TlsCertificateUnusable = "tls-certificate-unusable", "The server's certificate cannot be used",
            "Have a new server certificate issued: X.509 version 3, with the server's name as subjectAltName, for server authentication, and CA:FALSE. The message says what is wrong with this one.";
        TlsTooOld = "tls-too-old", "The server's TLS is too old",
            "Turn on TLS 1.2 and TLS 1.3 in the server, or in the proxy in front of it.";
        TlsNotSpoken = "tls-not-spoken", "The port does not speak HTTPS",
            "Check the port in the server's URL: the address that people open in their browser with https:// is the right one. Only a server inside a protected network should be entered with http://, since the token is then sent in the clear.";
        TlsFailed = "tls-failed", "No secure connection can be made",
            "Look at the TLS settings and the log of the server, or of the proxy in front of it: the message says what failed. It must offer TLS 1.2 or 1.3 with a modern cipher (ECDHE with AES-GCM or ChaCha20).";
        ProxyUnreachable = "proxy-unreachable", "The forward proxy cannot be reached",
            "Check the address and the port of the forward proxy that the platform is configured with, and that the proxy runs. If the server can be reached without a proxy, remove it from the configuration.";
        ProxyCredentials = "proxy-credentials", "The forward proxy requires a user name and password",
            "Give the platform that runs this plugin the user name and password that the forward proxy accepts: Basic authentication (providerctl: --proxy-login).";
        ProxyRefused = "proxy-refused", "The forward proxy refuses the connection",
            "Ask the operator of the forward proxy to let this machine connect to the server's host and port, and check that the configured address is that of a forward proxy.";
        ProxyFailed = "proxy-failed", "The forward proxy could not connect to the server",
            "Look at the forward proxy's log: it may not resolve the server's name, or a firewall may be between the two. The proxy may also be overloaded: then try again.";
        OpenFilesLimited = "open-files-limited", "The platform may open no more connections",
            "Raise the limit on open files of the platform that runs this plugin (ulimit -n, LimitNOFILE).";
        ConnectionLost = "connection-lost", "The connection ended before the answer",
            "Try again. If it happens each time, check whether the port expects https://, and look at the limits and logs of the reverse proxy in front of Mattermost.";
        EgressDenied = "egress-denied", "The platform does not let the plugin reach the server",
            "Check the server's URL: link-local and metadata addresses are always blocked. If the URL is right, ask the operator of the platform to let this plugin reach it.";
        TokenRefused = "token-refused", "The server refuses the token",
            "Check that the token is complete and has not been revoked or expired, that its account is not deactivated, and that System Console > Integrations > Integration Management > Enable Personal Access Tokens is on (a bot's token works without it). A session token ends when its session does: a personal access token lasts longer.";
        PermissionMissing = "permission-missing", "The token's account lacks a permission",
            "Use a token of a system administrator, or of a bot that has the read-only administrator role (Viewer).";
        MfaRequired = "mfa-required", "The server requires multi-factor authentication",
            "Set up multi-factor authentication for the token's account, or use the token of a bot, which is exempt.";
        RateLimited = "rate-limited", "The server asks to slow down",
            "Wait and try again. If it happens often, raise the limits in System Console > Environment > Rate Limiting, or those of the proxy in front of the server.";
        ServerError = "server-error", "The server failed to answer",
            "Try again later. If it persists, look for this request in the logs of the Mattermost server and of the proxy in front of it.";
        ServerUnavailable = "server-unavailable", "The server is down or starting",
            "Try again in a few minutes: the proxy in front of Mattermost answers like this while the server starts, is upgraded or is overloaded.";
        NotMattermost = "not-mattermost", "The URL does not lead to a Mattermost API",
            "Open the server's URL in a browser: it must show Mattermost's sign-in page. Leave out what follows it in a link to a team or channel, keep the path that your installation has (a server may live at https://example.com/mattermost), and check that no proxy, web filter or other product answers in its place.";
        NotHttp = "not-http", "The port does not speak HTTP",
            "Check the port in the server's URL: it must be the one of Mattermost or of the proxy in front of it, with https:// if that port uses TLS. If the port is right, look for a malformed header that the proxy adds to answers, such as one with a space before its colon.";
        Redirected = "redirected", "The server is at another address",
            "Enter the URL that the message names. Redirects are not followed, since a token is never sent along to another place.";
        RedirectedElsewhere = "redirected-elsewhere", "The server points to another place, such as a sign-in page",
            "Do not enter that other address here: the token would be sent there. If a single sign-on or an access gateway answers for the server, have it let requests below /api/v4 through to Mattermost, or enter an address that leads to Mattermost itself. If the server has moved, ask those who run it for its new address.";
        GatewaySignIn = "gateway-sign-in", "A gateway in front of Mattermost requires its own sign-in",
            "Have the gateway let requests below /api/v4 through to Mattermost without that sign-in, at least from the machine that runs this plugin. Or send the header that the gateway accepts in its place (providerctl: --header), or enter an address that leads to Mattermost itself.";
        RobotCheck = "robot-check", "A check for robots answers instead of Mattermost",
            "Exempt requests below /api/v4 from the bot protection of the network or firewall in front of the server, at least from the machine that runs this plugin: only a browser passes such a check.";
        AnswerUnreadable = "answer-unreadable", "The answer cannot be read",
            "Check whether a proxy or a web filter changes the server's answers.";
        AnswerTruncated = "answer-truncated", "The answer is cut short",
            "Try again. If it persists, look at the size and time limits of the proxy in front of Mattermost.";
        AnswerHeadTooLarge = "answer-head-too-large", "The answer has too many headers, or too large ones",
            "Look at which headers the server and the proxy in front of it add to their answers, and remove those that nobody needs.";
        AnswerTooLarge = "answer-too-large", "The answer is larger than any that Mattermost sends",
            "Check that the server's URL leads to Mattermost itself.";
        RequestRejected = "request-rejected", "The server rejects the request",
            "This server may be older or newer than this plugin knows, or a proxy may have changed the request. Look for this request in the server's log.";
        GatewayRejected = "gateway-rejected", "Something in front of Mattermost rejects the request",
            "The request did not reach Mattermost. Look at the configuration and the log of the proxy, gateway or firewall that answers for the server's URL; the message says what was rejected.";
        HttpsExpected = "https-expected", "The port expects HTTPS, but the request used HTTP",
            "Enter the server's URL with https:// instead of http://.";
        ClientCertificateMissing = "client-certificate-missing", "The gateway in front of the server requires a client certificate",
            "Give the platform that runs this plugin the client certificate and key that the gateway asks for (providerctl: --client-cert and --client-key).";
        ClientCertificateRefused = "client-certificate-refused", "The gateway in front of the server refuses the client certificate",
            "Give the platform that runs this plugin a client certificate that is valid and signed by an authority that the gateway trusts, together with its key and the certificates above it.";
        CursorStale = "cursor-stale", "The listing cannot continue from its cursor",
            "Start the listing again from the beginning.";
        TransportFailed = "transport-failed", "The request failed on the way",
            "Look at the network, the limits and the log of the platform that runs this plugin: the message repeats what the platform reported.";
    }
}

impl Code {
    /// The code for a proxy or gateway in front of the server.
    #[must_use]
    pub const fn of_front(front: Front) -> Self {
        match front {
            Front::RobotCheck => Self::RobotCheck,
            Front::SignIn => Self::GatewaySignIn,
            Front::OtherProduct => Self::NotMattermost,
            Front::CertificateMissing => Self::ClientCertificateMissing,
            Front::HttpsExpected => Self::HttpsExpected,
            Front::Rejected => Self::GatewayRejected,
            Front::TimedOut => Self::TimedOut,
            Front::RateLimited => Self::RateLimited,
            Front::Unavailable => Self::ServerUnavailable,
            Front::Failed => Self::ServerError,
        }
    }

    /// The code for why a platform got no answer to a request.
    #[must_use]
    pub const fn of_cause(cause: Cause) -> Self {
        match cause {
            Cause::TlsUntrusted => Self::TlsUntrusted,
            Cause::TlsChainIncomplete => Self::TlsChainIncomplete,
            Cause::TlsExpired => Self::TlsExpired,
            Cause::TlsNotYetValid => Self::TlsNotYetValid,
            Cause::TlsWrongName => Self::TlsWrongName,
            Cause::TlsNameMissing => Self::TlsNameMissing,
            Cause::TlsWeak => Self::TlsWeak,
            Cause::TlsRevoked => Self::TlsRevoked,
            Cause::TlsCertificateUnusable => Self::TlsCertificateUnusable,
            Cause::TlsTooOld => Self::TlsTooOld,
            Cause::TlsNotSpoken => Self::TlsNotSpoken,
            Cause::TlsFailed => Self::TlsFailed,
            Cause::ClientCertificateMissing => Self::ClientCertificateMissing,
            Cause::ClientCertificateRefused => Self::ClientCertificateRefused,
            Cause::ProxyUnreachable => Self::ProxyUnreachable,
            Cause::ProxyCredentials => Self::ProxyCredentials,
            Cause::ProxyRefused => Self::ProxyRefused,
            Cause::ProxyFailed => Self::ProxyFailed,
            Cause::OpenFilesLimited => Self::OpenFilesLimited,
            Cause::ConnectionLost => Self::ConnectionLost,
        }
    }
}

impl provider_sdk::code::Code for Code {
    const CURSOR_STALE: Self = Self::CursorStale;

    fn of_lost(lost: &Lost) -> Self {
        match lost {
            Lost::NameNotFound => Self::NameNotFound,
            Lost::Refused => Self::ConnectionRefused,
            Lost::TimedOut => Self::TimedOut,
            Lost::TlsUntrusted => Self::TlsUntrusted,
            Lost::TlsFailed => Self::TlsFailed,
            Lost::Denied => Self::EgressDenied,
            Lost::Closed => Self::ConnectionLost,
            Lost::Truncated => Self::AnswerTruncated,
            Lost::TooLarge(_) => Self::AnswerTooLarge,
            Lost::HeadTooLarge(_) => Self::AnswerHeadTooLarge,
            Lost::NotHttp => Self::NotHttp,
            Lost::Encoded(_) => Self::AnswerUnreadable,
            Lost::Explained(cause, _) => Self::of_cause(*cause),
            Lost::Other(_) => Self::TransportFailed,
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::SettingMissing
            | Self::ServerUrlInvalid
            | Self::AccessTokenInvalid
            | Self::InactiveAfterDaysInvalid
            | Self::FlagInvalid
            | Self::MaxInFlightInvalid
            | Self::ActivitySourceInvalid
            | Self::ListingInvalid => ErrorKind::InvalidSettings,
            Self::NameNotFound
            | Self::ConnectionRefused
            | Self::TimedOut
            | Self::TlsUntrusted
            | Self::TlsChainIncomplete
            | Self::TlsExpired
            | Self::TlsNotYetValid
            | Self::TlsWrongName
            | Self::TlsNameMissing
            | Self::TlsWeak
            | Self::TlsRevoked
            | Self::TlsCertificateUnusable
            | Self::TlsTooOld
            | Self::TlsNotSpoken
            | Self::TlsFailed
            | Self::ProxyUnreachable
            | Self::ProxyFailed
            | Self::ConnectionLost => ErrorKind::Unreachable,
            Self::EgressDenied | Self::ProxyCredentials | Self::ProxyRefused => ErrorKind::Denied,
            Self::TokenRefused => ErrorKind::Unauthorized,
            Self::PermissionMissing | Self::MfaRequired => ErrorKind::Forbidden,
            Self::RateLimited => ErrorKind::RateLimited,
            Self::ServerError | Self::ServerUnavailable => ErrorKind::ServerError,
            Self::NotMattermost
            | Self::NotHttp
            | Self::Redirected
            | Self::RedirectedElsewhere
            | Self::GatewaySignIn
            | Self::RobotCheck
            | Self::AnswerUnreadable
            | Self::AnswerTruncated
            | Self::AnswerTooLarge
            | Self::AnswerHeadTooLarge
            | Self::RequestRejected
            | Self::GatewayRejected
            | Self::HttpsExpected
            | Self::ClientCertificateMissing
            | Self::ClientCertificateRefused => ErrorKind::UnexpectedResponse,
            Self::CursorStale => ErrorKind::CursorStale,
            Self::OpenFilesLimited | Self::TransportFailed => ErrorKind::Other,
        }
    }

    fn retryable(self) -> bool {
        match self {
            Self::ConnectionRefused
            | Self::TimedOut
            | Self::ProxyUnreachable
            | Self::ProxyFailed
            | Self::OpenFilesLimited
            | Self::ConnectionLost
            | Self::RateLimited
            | Self::ServerError
            | Self::ServerUnavailable
            | Self::AnswerUnreadable
            | Self::AnswerTruncated
            | Self::TransportFailed => true,
            Self::SettingMissing
            | Self::ServerUrlInvalid
            | Self::AccessTokenInvalid
            | Self::InactiveAfterDaysInvalid
            | Self::FlagInvalid
            | Self::MaxInFlightInvalid
            | Self::ActivitySourceInvalid
            | Self::ListingInvalid
            | Self::NameNotFound
            | Self::TlsUntrusted
            | Self::TlsChainIncomplete
            | Self::TlsExpired
            | Self::TlsNotYetValid
            | Self::TlsWrongName
            | Self::TlsNameMissing
            | Self::TlsWeak
            | Self::TlsRevoked
            | Self::TlsCertificateUnusable
            | Self::TlsTooOld
            | Self::TlsNotSpoken
            | Self::TlsFailed
            | Self::ProxyCredentials
            | Self::ProxyRefused
            | Self::EgressDenied
            | Self::TokenRefused
            | Self::PermissionMissing
            | Self::MfaRequired
            | Self::NotMattermost
            | Self::NotHttp
            | Self::Redirected
            | Self::RedirectedElsewhere
            | Self::GatewaySignIn
            | Self::RobotCheck
            | Self::AnswerTooLarge
            | Self::AnswerHeadTooLarge
            | Self::RequestRejected
            | Self::GatewayRejected
            | Self::HttpsExpected
            | Self::ClientCertificateMissing
            | Self::ClientCertificateRefused
            | Self::CursorStale => false,
        }
    }
}

impl NoticeCode {
    /// Whether it is a reason why a listing is not proven complete. A resumed listing has a state of its own instead.
    #[must_use]
    pub const fn is_reason(self) -> bool {
        matches!(
            self,
            Self::CompletenessUnproven
                | Self::CountFailed
                | Self::CountDiffers
                | Self::PagesRepeat
                | Self::UsersMayBeMissing
                | Self::PartialView
                | Self::RecordsUnreadable
        )
    }
}

codes! {
    /// What a notice says about an answer that is right but incomplete.
    NoticeCode {
        CompletenessUnproven = "completeness-unproven", "This token, or this server, does not show the total number of users, so the list may be incomplete",
            "Use a token of a system administrator, or of a bot that has the read-only administrator role (Viewer). Servers before 5.26 do not report the number: upgrade.";
        CountFailed = "count-failed", "The server failed to count its users, so the listing cannot be proven complete",
            "List again. If it persists, look for GET /api/v4/users/stats/filtered in the log of the server and of its proxy: on a large server the count can run into a time limit of the database or of the proxy.";
        CountDiffers = "count-differs", "The server counts a different number of users than it lists",
            "Several readings gave the same users, so none was hidden by a change. Look for outdated answers: a database replica that lags behind, or a cache in front of Mattermost. A proxy that drops the query of requests (?include_deleted=true) changes the count, too. Then list again.";
        PagesRepeat = "pages-repeat", "Every page of the server's list has the same users, so the others cannot be read",
            "Something in front of Mattermost drops the query of requests (?page=1), or caches answers without regard to it. In nginx, proxy_pass with a variable such as $uri needs $is_args$args after it.";
        AccountsDatedAhead = "accounts-dated-ahead", "Accounts are dated in the future",
            "They were created while a server's clock was ahead. Synchronise the clocks with a time server (NTP). The dates stay in the database, so each listing reads the list a second time to be sure that nobody is missing.";
        UsersMayBeMissing = "users-may-be-missing", "Fewer users came than the server counted when the listing began",
            "List again: accounts that are renamed or deleted while they are listed can hide others. If it persists, compare with the count in the System Console.";
        ListingResumed = "listing-resumed", "The listing was resumed after an interruption, so it cannot be proven complete",
            "If you need a proof, list again from the beginning without an interruption.";
        PartialView = "partial-view", "The token shows only the users that share a team or channel with its account",
            "Guests see no others. Any other account needs a role with the permission view_members, which Mattermost's role system_user has unless somebody took it away. A system administrator's token shows everybody.";
        EmailsHidden = "emails-hidden", "The server's privacy settings hide e-mail addresses from this token",
            "Use a system administrator's token, or turn on System Console > Site Configuration > Users and Teams > Show Email Address.";
        NamesHidden = "names-hidden", "The server's privacy settings hide first and last names from this token",
            "Use a system administrator's token, or turn on System Console > Site Configuration > Users and Teams > Show Full Name.";
        LastActivityHidden = "last-activity-hidden", "The server does not say when users were last active, so they do not count as inactive",
            "Turn on ServiceSettings.EnableUserStatuses in the server's configuration. If it is on, find out which proxy or gateway in front of the server changes its answers to POST /api/v4/users/status/ids.";
        LastActivityFailed = "last-activity-failed", "Requests for the last activity fail, so it is unknown for some or all users, and these do not count as inactive",
            "Look for POST /api/v4/users/status/ids in the log of the server and of the proxy, gateway or firewall in front of it, which must let POST requests through. Then list again.";
        ActivityReportHidden = "activity-report-hidden", "The report on users cannot be read with this token or from this server, so the last activity comes from the statuses alone",
            "The report needs Mattermost 9.11 or later and a token of a system administrator, or of a bot that has the read-only administrator role (Viewer). Otherwise leave activity_source at status.";
        TeamAdminsHidden = "team-admins-hidden", "The token does not see the administrators of every team, so some of them are listed as members",
            "Use a system administrator's token, or give the token's account a role that may read all teams (permissions list_public_teams, list_private_teams and view_team). The role Viewer may, unless its access to teams was removed: System Console > User Management > Delegated Granular Administration > Viewer > User Management > Teams.";
        UsersDoNotAddUp = "users-do-not-add-up", "The users that were found do not add up to the server's count: somebody became a bot, was created or deleted just now, or is hidden from this token",
            "List all users again. Nothing else needs to be done.";
        ChangesHidden = "changes-hidden", "This token, or this server, does not show which users are new, so all users must be listed to find out what changed",
            "Add the token's account to every team: then lists of ids name everybody, on every version. Otherwise this needs Mattermost 9.11 or later and a token of a system administrator, or of a bot that has the read-only administrator role (Viewer). Only system administrators see which bots are new.";
        ChangesInReport = "changes-in-report", "The last activity comes from the report on users, where finding out what changed costs as much as a listing",
            "List all users again. If that costs the server too much, set activity_source to status.";
        ChangesTooMany = "changes-too-many", "So many users are new that a listing costs the server less than finding out what changed",
            "List all users again. Nothing else needs to be done.";
        BaselineUnusable = "baseline-unusable", "The saved listing was not proven complete, and with this token no lists of ids name everybody",
            "List all users again. Nothing else needs to be done.";
        RecordsUnreadable = "records-unreadable", "Some accounts could not be read and were left out",
            "This server may be newer than this plugin, or a proxy may have changed its answers. Update the plugin, and report it if that does not help.";
        SeatsUnknown = "seats-unknown", "It is not known whether some guests take a seat",
            "From Mattermost 11.6 on, guests of a single channel take no seat of a licensed server. A token of a system administrator, or of a bot that has the read-only administrator role (Viewer), shows who they are.";
        SeatsDiffer = "seats-differ", "The listed accounts take a different number of seats than the server counts",
            "Accounts that are created, deactivated or changed during a listing cause this difference: list again. If it persists, rely on the server's count, and report the server's version.";
        SeatsIncludeGuests = "seats-include-guests", "Guests of a single channel may be among the used seats, although they take none",
            "Use a token of a system administrator, or of a bot that has the read-only administrator role (Viewer): it shows who they are.";
        SeatsUsedHidden = "seats-used-hidden", "This token, or this server, does not show how many seats are in use",
            "Use a token of a system administrator, or of a bot that has the read-only administrator role (Viewer). Servers before 5.26 do not report it: count the users whose seat is occupied.";
        SeatsUsedFailed = "seats-used-failed", "The seats in use could not be counted",
            "Look for GET /api/v4/users/stats/filtered in the log of the server and of its proxy: on a large server the count can run into a time limit of the database or of the proxy. Until it answers, count the users whose seat is occupied.";
        UserLimitsHidden = "user-limits-hidden", "Only system administrators see how many users this server without a licence allows",
            "Use a system administrator's token, or look it up in the System Console.";
        LicenseDetailsHidden = "license-details-hidden", "The server leaves out the licence's dates and name for this token",
            "Use a token of a system administrator, or of a bot that has a role with the permission to read the licence.";
        LicenseExpired = "license-expired", "The licence has expired",
            "Renew the licence. Mattermost keeps a licence running for ten days after it ends.";
        LicenseUnreadable = "license-unreadable", "A part of the licence could not be read and counts as unknown",
            "Compare with System Console > Edition and License. If the values are right there, look for what changes the answers of GET /api/v4/license/client and GET /api/v4/limits/server on their way, such as a gateway; otherwise report this with the server's version.";
        LicenseBeginsLater = "license-begins-later", "The licence has not begun yet",
            "If that is intended, nothing needs to be done. Otherwise look at the licence in System Console > Edition and License, and at the server's clock.";
        SeatsExceeded = "seats-exceeded", "More seats are in use than were bought",
            "Deactivate accounts that nobody uses, or buy more seats.";
        UserLimitExceeded = "user-limit-exceeded", "The server without a licence has more users than it allows",
            "Deactivate accounts that nobody uses, or buy a licence. Above the limit the server accepts no new users.";
        ServerOld = "server-old", "The server is too old for some of what this plugin reads",
            "Upgrade Mattermost. From 5.26 on it counts its accounts exactly, and shows team administrators in one request for each team.";
        ClockDiffers = "clock-differs", "The server's clock and the platform's differ",
            "Synchronise both with a time server (NTP). Until then accounts may count as inactive on the wrong day, and certificates and tokens expire earlier or later than they say.";
        ClockHidden = "clock-hidden", "The server does not send its time",
            "Let the proxy in front of Mattermost pass on the Date header.";
        TokenEndsSoon = "token-ends-soon", "A personal access token of this account ends soon",
            "Make a new token before that day, and enter it here; the old one can then be revoked.";
        TokenUnencrypted = "token-unencrypted", "The token and all data travel unencrypted",
            "Enter the server's URL with https://. If the server has no certificate, put a proxy with one in front of it: anybody who sees the traffic on its way can use the token.";
        LimitedView = "limited-view", "The token's account is not an administrator, so some data is hidden from it",
            "Use a token of a system administrator, or of a bot that has the read-only administrator role (Viewer).";
    }
}

impl provider_sdk::code::NoticeCode for NoticeCode {
    fn severity(self) -> Severity {
        if matches!(self, Self::SeatsUnknown | Self::SeatsDiffer) { Severity::Info } else { Severity::Warning }
    }

    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::EmailsHidden => &["email"],
            Self::NamesHidden => &["first-name", "last-name"],
            Self::LastActivityHidden | Self::LastActivityFailed | Self::ActivityReportHidden => {
                &["status", "activity", "last-activity-at"]
            }
            Self::TeamAdminsHidden => &["role"],
            Self::AccountsDatedAhead => &["created-at"],
            // Inactivity is computed from the server's time.
            Self::ClockDiffers | Self::ClockHidden => &["status", "activity"],
            Self::SeatsUnknown | Self::SeatsDiffer => &["seat", "licenses"],
            Self::SeatsUsedHidden
            | Self::SeatsUsedFailed
            | Self::SeatsExceeded
            | Self::UserLimitExceeded
            | Self::SeatsIncludeGuests => &["seats-used"],
            Self::UserLimitsHidden => &["seats-purchased"],
            Self::LicenseDetailsHidden => &["starts-at", "expires-at"],
            Self::LicenseExpired => &["expires-at"],
            Self::LicenseBeginsLater => &["starts-at"],
            // Each notice names the fields that it concerns.
            Self::LicenseUnreadable => &["licenses"],
            Self::CompletenessUnproven
            | Self::CountFailed
            | Self::CountDiffers
            | Self::UsersMayBeMissing
            | Self::PagesRepeat
            | Self::ListingResumed
            | Self::PartialView
            | Self::UsersDoNotAddUp
            | Self::ChangesHidden
            | Self::ChangesInReport
            | Self::ChangesTooMany
            | Self::BaselineUnusable
            | Self::RecordsUnreadable
            | Self::ServerOld
            | Self::TokenEndsSoon
            | Self::TokenUnencrypted
            | Self::LimitedView => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_sdk::code::Entry;
    use std::collections::BTreeSet;

    fn entries() -> impl Iterator<Item = Entry> {
        Code::ALL.iter().map(|code| code.entry()).chain(NoticeCode::ALL.iter().map(|code| code.entry()))
    }

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let ids: BTreeSet<_> = entries().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), entries().count());
        for id in ids {
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{id}");
        }
    }

    #[test]
    fn labels_are_names_and_fixes_are_sentences() {
        for entry in entries() {
            assert!(!entry.label.ends_with('.'), "{}", entry.id);
            assert!(entry.fix.ends_with('.') && entry.fix.len() > 15, "{}", entry.id);
        }
    }
}
