//! Where a command writes: data to standard output, the narrative to standard error, and how each of them looks.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use provider_host::model::{Notice, Severity};

use crate::exit::Complaint;
use crate::output::cell::printable;

/// How wide a table is where the output is no terminal and `COLUMNS` is not set.
const DEFAULT_COLUMNS: usize = 120;

/// Whether text may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// The output is a terminal, and NO_COLOR is not set.
    On,
    /// Plain text only.
    Off,
}

/// What a piece of text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warning,
    Bad,
    Quiet,
    Title,
}

impl Colour {
    /// The text in the colour of its tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
            Tone::Quiet => "2",
            Tone::Title => "1",
        };
        match self {
            Self::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

/// Whether a person follows what the command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Narrative {
    /// Both outputs are terminals.
    Told,
    /// Something is piped: only errors and warnings are printed beside the data.
    Silent,
}

/// How the outputs look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Columns of standard output.
    pub(crate) columns: usize,
    /// Whether standard output may be coloured.
    pub(crate) colour: Colour,
    /// Whether standard error may be coloured.
    pub(crate) error_colour: Colour,
    /// Whether the narrative is printed.
    pub(crate) narrative: Narrative,
}

impl Look {
    /// What the outputs of this process are.
    pub(crate) fn detect() -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = |terminal: bool| if terminal && !plain { Colour::On } else { Colour::Off };
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let measured = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let columns = measured.or(asked).filter(|columns| *columns > 0).unwrap_or(DEFAULT_COLUMNS);
        let narrative = if out && err { Narrative::Told } else { Narrative::Silent };
        Self { columns, colour: colour(out), error_colour: colour(err), narrative }
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

    /// One line of data.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.data(format!("{text}\n").as_bytes())
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
        if self.look.narrative == Narrative::Silent {
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
        let err = &mut self.err;
        self.bar.suspend(|| drop(writeln!(err, "{text}").and_then(|()| err.flush())));
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

    const PIPED: Look =
        Look { columns: 80, colour: Colour::Off, error_colour: Colour::Off, narrative: Narrative::Silent };

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
