//! Where a command writes: data to standard output, the narrative to standard error, and how each of them looks.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use provider_host::model::{Notice, Severity};

use crate::exit::Complaint;
use crate::output::Width;
use crate::output::cell::printable;

/// How wide a table is on a terminal that does not say how wide it is.
const DEFAULT_COLUMNS: usize = 80;

/// Whether text may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// The output is a terminal that shows colours, and NO_COLOR is not set.
    On,
    /// Plain text only.
    Off,
}

/// What turns a colour off again.
const PLAIN: &str = "\u{1b}[0m";

/// What a piece of text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warning,
    Bad,
    Quiet,
    Title,
}

impl Tone {
    const ALL: [Self; 5] = [Self::Good, Self::Warning, Self::Bad, Self::Quiet, Self::Title];

    /// What turns its colour on.
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "\u{1b}[32m",
            Self::Warning => "\u{1b}[33m",
            Self::Bad => "\u{1b}[31m",
            Self::Quiet => "\u{1b}[2m",
            Self::Title => "\u{1b}[1m",
        }
    }
}

impl Colour {
    /// The text in the colour of its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        match self {
            Self::On => format!("{}{}{PLAIN}", tone.code(), printable(text)),
            Self::Off => printable(text).into_owned(),
        }
    }

    /// A line as it is written: nothing in it drives a terminal but the colours that this command gives.
    fn line(self, text: &str) -> String {
        let mut line = String::new();
        let mut rest = text;
        while let Some((plain, behind)) = rest.split_once('\u{1b}').filter(|_| self == Self::On) {
            line.push_str(&printable(plain));
            let escape = rest.split_at_checked(plain.len()).map_or("", |(_, escape)| escape);
            let code = Tone::ALL.map(Tone::code).into_iter().chain([PLAIN]).find(|code| escape.starts_with(code));
            line.push_str(code.unwrap_or("\u{fffd}"));
            rest = code.and_then(|code| escape.strip_prefix(code)).unwrap_or(behind);
        }
        line.push_str(&printable(rest));
        line.push('\n');
        line
    }
}

/// Whether a person follows what the command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Narrative {
    /// Standard error is a terminal.
    Told,
    /// It is piped: only errors and warnings are printed.
    Silent,
}

/// How the outputs look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// How wide a table on standard output may be.
    pub(crate) width: Width,
    /// Whether standard output may be coloured.
    pub(crate) colour: Colour,
    /// Whether standard error may be coloured.
    pub(crate) error_colour: Colour,
    /// Whether the narrative is printed.
    pub(crate) narrative: Narrative,
    /// Whether a progress bar may be drawn where the narrative is.
    pub(crate) bar: Bar,
}

/// Whether a terminal can move its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    /// It can.
    Drawn,
    /// It shows lines alone.
    Left,
}

impl Look {
    /// What the outputs of this process are.
    pub(crate) fn detect() -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        // Where no terminal is named, its abilities are not known; Windows has no such variable.
        let is_dumb = variable("TERM").map_or(cfg!(unix), |term| term == "dumb");
        let is_plain = is_dumb || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = |is_terminal: bool| if is_terminal && !is_plain { Colour::On } else { Colour::Off };
        let measured = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let asked = variable("COLUMNS").and_then(|columns| columns.parse().ok());
        let columns = measured.filter(|columns| *columns > 0).or(asked).filter(|columns| *columns > 0);
        Self {
            width: if out { Width::Columns(columns.unwrap_or(DEFAULT_COLUMNS)) } else { Width::Unbounded },
            colour: colour(out),
            error_colour: colour(err),
            narrative: if err { Narrative::Told } else { Narrative::Silent },
            bar: if is_dumb { Bar::Left } else { Bar::Drawn },
        }
    }
}

/// The outputs of a command.
pub(crate) struct Screen<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    /// How they look.
    pub(crate) look: Look,
    bar: ProgressBar,
}

impl<'a> Screen<'a> {
    /// On these outputs.
    pub(crate) fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, look: Look) -> Self {
        Self { out, err, look, bar: ProgressBar::hidden() }
    }

    /// Data: written and flushed at once.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        let out = &mut self.out;
        self.bar.suspend(|| {
            out.write_all(bytes)?;
            out.flush()
        })
    }

    /// One line of data for a person.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.data(self.look.colour.line(text).as_bytes())
    }

    /// A line for the person who follows along; dropped where nobody does.
    pub(crate) fn tell(&mut self, text: &str) {
        if self.look.narrative == Narrative::Told {
            self.aside(text);
        }
    }

    /// A line that everybody is told, whether or not the output is piped.
    pub(crate) fn remark(&mut self, text: &str) {
        self.aside(text);
    }

    /// An error.
    pub(crate) fn complain(&mut self, complaint: &Complaint) {
        let label = format!("error[{}]", printable(&complaint.code));
        let label = self.look.error_colour.paint(Tone::Bad, &label);
        self.aside(&format!("{label}: {}", printable(&complaint.message)));
        for line in complaint.lines() {
            self.aside(&line);
        }
    }

    /// A notice, on standard error.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        for line in notice_lines(notice, self.look.error_colour) {
            self.aside(&line);
        }
    }

    /// Starts the progress bar; there is none where nobody follows along.
    pub(crate) fn start_progress(&mut self, what: &str) {
        if self.look.narrative == Narrative::Silent || self.look.bar == Bar::Left {
            return;
        }
        self.bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} {msg} {elapsed}") {
            self.bar.set_style(style);
        }
        self.bar.set_message(what.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    /// Moves the progress bar. The total may come, or change, while it runs.
    pub(crate) fn progress(&mut self, done: u64, total: Option<u32>) {
        if let Some(total) = total.map(u64::from).filter(|total| self.bar.length() != Some(*total)) {
            self.bar.set_length(total);
            let template = "{spinner} [{bar:30}] {human_pos} of {human_len} {msg} {elapsed}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("=> "));
            }
        }
        self.bar.set_position(done);
    }

    /// Takes the progress bar away.
    pub(crate) fn end_progress(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    /// One line on standard error. That it cannot be written changes nothing about the data.
    fn aside(&mut self, text: &str) {
        let (err, line) = (&mut self.err, self.look.error_colour.line(text));
        self.bar.suspend(|| drop(err.write_all(line.as_bytes()).and_then(|()| err.flush())));
    }
}

/// `warning[last-activity-hidden]: …` with its fix below.
pub(crate) fn notice_lines(notice: &Notice, colour: Colour) -> Vec<String> {
    let (word, tone) = match notice.severity {
        Severity::Info => ("note", Tone::Title),
        Severity::Warning => ("warning", Tone::Warning),
    };
    let label = colour.paint(tone, &format!("{word}[{}]", printable(&notice.code)));
    let mut lines = vec![format!("{label}: {}", printable(&notice.message))];
    lines.extend(notice.fix.iter().map(|fix| format!("  fix: {}", printable(fix))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPED: Look = Look {
        width: Width::Unbounded,
        colour: Colour::Off,
        error_colour: Colour::Off,
        narrative: Narrative::Silent,
        bar: Bar::Drawn,
    };

    #[test]
    fn a_piped_command_tells_no_story_but_its_errors() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut screen = Screen::new(&mut out, &mut err, PIPED);
        screen.tell("1 user");
        screen.remark("going on");
        screen.line("anna").unwrap();
        screen.complain(&Complaint::new("broken", "It is \u{1b}[31mbroken").fix("Mend it"));
        assert_eq!(String::from_utf8(out).unwrap(), "anna\n");
        assert_eq!(
            String::from_utf8(err).unwrap(),
            "going on\nerror[broken]: It is \u{fffd}[31mbroken\n  fix: Mend it\n"
        );
    }

    #[test]
    fn a_line_holds_the_commands_own_colours_and_nothing_else_that_drives_a_terminal() {
        let hostile = "x\u{1b}[31m\u{1b}[2J\u{9b}m\u{202e}\r\n";
        for (colour, expect) in [
            (Colour::Off, "x\u{fffd}[31m\u{fffd}[2J\u{fffd}m\u{fffd}  \n"),
            // A colour of ours within a text does no harm; nothing else comes through.
            (Colour::On, "x\u{1b}[31m\u{fffd}[2J\u{fffd}m\u{fffd}  \n"),
        ] {
            assert_eq!(colour.line(hostile), expect);
        }
        let painted = Colour::On.paint(Tone::Good, hostile);
        assert_eq!(painted, "\u{1b}[32mx\u{fffd}[31m\u{fffd}[2J\u{fffd}m\u{fffd}  \u{1b}[0m");
        assert_eq!(Colour::On.line(&painted), format!("{painted}\n"));
    }

    #[test]
    fn a_notice_has_its_fix_below() {
        let notice = Notice {
            code: "last-activity-hidden".into(),
            severity: Severity::Warning,
            message: "Hidden.".into(),
            fix: Some("Show it.".into()),
            fields: Vec::new(),
            count: None,
            subjects: Vec::new(),
            params: Default::default(),
        };
        let lines = ["warning[last-activity-hidden]: Hidden.", "  fix: Show it."];
        assert_eq!(notice_lines(&notice, Colour::Off), lines);
    }
}
