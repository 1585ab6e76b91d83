//! The outputs of a command: data goes to stdout, everything else to stderr, each in the form that suits its terminal or pipe.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use provider_host::model::{Notice, Severity};

use crate::exit::Complaint;
use crate::output::Width;
use crate::output::cell::printable;
use crate::output_file::OutputFile;

/// The width of a table if the terminal does not report its own.
const DEFAULT_COLUMNS: usize = 80;

/// Whether text may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// The output is a terminal that shows colours, and NO_COLOR is not set.
    On,
    /// Plain text only.
    Off,
}

/// When text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColourChoice {
    /// On a terminal that shows colours
    Auto,
    /// Also in a pipe or a file
    Always,
    /// Not at all
    Never,
}

/// The escape sequence that resets the colour.
const PLAIN: &str = "\u{1b}[0m";

/// The meaning of a text, which decides its colour.
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

    /// The escape sequence of its colour.
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

    /// A line as it is written: its only escape sequences are the colours of this command.
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

/// Whether progress and summaries are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Narrative {
    /// Standard error is a terminal.
    Shown,
    /// Standard error is piped, or --quiet was given: only errors and warnings are printed.
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
    /// Whether progress and summaries are shown.
    pub(crate) narrative: Narrative,
    /// Whether a progress bar may be drawn.
    pub(crate) bar: Bar,
    /// What the command line says about colours.
    choice: ColourChoice,
}

/// Whether a terminal can move its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    /// It can.
    Drawn,
    /// It shows only lines.
    Left,
}

impl Look {
    /// Detects how the outputs of this process look.
    pub(crate) fn detect() -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        // Without TERM the terminal's abilities are unknown; Windows has no such variable.
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
            narrative: if err { Narrative::Shown } else { Narrative::Silent },
            bar: if is_dumb { Bar::Left } else { Bar::Drawn },
            choice: ColourChoice::Auto,
        }
    }
}

impl Look {
    /// The same, as the command line asks for it.
    pub(crate) const fn chosen(mut self, colour: ColourChoice, is_quiet: bool) -> Self {
        self.choice = colour;
        match colour {
            ColourChoice::Auto => {}
            ColourChoice::Always => (self.colour, self.error_colour) = (Colour::On, Colour::On),
            ColourChoice::Never => (self.colour, self.error_colour) = (Colour::Off, Colour::Off),
        }
        if is_quiet {
            self.narrative = Narrative::Silent;
        }
        self
    }
}

/// The outputs of a command.
pub(crate) struct Screen<'a> {
    out: &'a mut dyn Write,
    /// Where data goes instead of standard output.
    file: Option<OutputFile>,
    err: &'a mut dyn Write,
    /// How they look.
    pub(crate) look: Look,
    bar: ProgressBar,
}

impl<'a> Screen<'a> {
    /// Writes to these outputs.
    pub(crate) fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, look: Look) -> Self {
        Self { out, file: None, err, look, bar: ProgressBar::hidden() }
    }

    /// Writes data into a file from now on. It gets no colours unless they are asked for, and its tables are as wide as their values.
    pub(crate) fn divert(&mut self, file: OutputFile) {
        self.file = Some(file);
        self.look.width = Width::Unbounded;
        if self.look.choice == ColourChoice::Auto {
            self.look.colour = Colour::Off;
        }
    }

    /// Lets the file that data went to replace its target. Nothing happens if data went to standard output.
    pub(crate) fn keep_file(&mut self) -> Result<(), Complaint> {
        self.file.take().map_or(Ok(()), OutputFile::replace)
    }

    /// Writes data, and flushes it at once.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            return file.write_all(bytes);
        }
        let out = &mut self.out;
        self.bar.suspend(|| {
            out.write_all(bytes)?;
            out.flush()
        })
    }

    /// Writes one line of data.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.data(self.look.colour.line(text).as_bytes())
    }

    /// Writes a line to stderr if it is a terminal.
    pub(crate) fn tell(&mut self, text: &str) {
        if self.look.narrative == Narrative::Shown {
            self.aside(text);
        }
    }

    /// Writes a line to stderr, piped or not.
    pub(crate) fn remark(&mut self, text: &str) {
        self.aside(text);
    }

    /// Prints an error.
    pub(crate) fn complain(&mut self, complaint: &Complaint) {
        let label = format!("error[{}]", printable(&complaint.code));
        let label = self.look.error_colour.paint(Tone::Bad, &label);
        self.aside(&format!("{label}: {}", printable(&complaint.message)));
        for line in complaint.lines() {
            self.aside(&line);
        }
    }

    /// Prints something that needs attention and is not an error.
    pub(crate) fn warn(&mut self, complaint: &Complaint) {
        let label = format!("warning[{}]", printable(&complaint.code));
        let label = self.look.error_colour.paint(Tone::Warning, &label);
        self.aside(&format!("{label}: {}", printable(&complaint.message)));
        for line in complaint.lines() {
            self.aside(&line);
        }
    }

    /// Prints a notice to stderr.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        for line in notice_lines(notice, self.look.error_colour) {
            self.aside(&line);
        }
    }

    /// Starts the progress bar, if stderr is a terminal that can draw one.
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

    /// Moves the progress bar. The total may appear or change meanwhile.
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

    /// Removes the progress bar.
    pub(crate) fn end_progress(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    /// Writes one line to stderr, and ignores errors: they do not affect the data.
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
        choice: ColourChoice::Auto,
    };

    #[test]
    fn a_piped_command_prints_only_remarks_and_errors() {
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
    fn the_command_line_decides_on_colours_and_on_the_summary() {
        let shown = Look { colour: Colour::On, narrative: Narrative::Shown, ..PIPED };
        for (choice, out, err) in [
            (ColourChoice::Auto, Colour::On, Colour::Off),
            (ColourChoice::Always, Colour::On, Colour::On),
            (ColourChoice::Never, Colour::Off, Colour::Off),
        ] {
            for (is_quiet, narrative) in [(false, Narrative::Shown), (true, Narrative::Silent)] {
                let look = shown.chosen(choice, is_quiet);
                assert_eq!((look.colour, look.error_colour, look.narrative), (out, err, narrative), "{choice:?}");
            }
        }
    }

    #[test]
    fn a_line_has_only_the_commands_own_escape_sequences() {
        let hostile = "x\u{1b}[31m\u{1b}[2J\u{9b}m\u{202e}\r\n";
        for (colour, expect) in [
            (Colour::Off, "x\u{fffd}[31m\u{fffd}[2J\u{fffd}m\u{fffd}  \n"),
            // One of our colours within a text does no harm; other sequences are replaced.
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
