//! Bars as inline SVG.
//!
//! The library writes colours as attributes. Those here are the light theme's; the page's style sheet selects each by its value and
//! puts the theme's colour there, so that the same drawing suits light, dark and paper. Labels are this command's own words: no
//! name of a server's user gets into a drawing.

use charts_rs::{
    BarChart, ChartBase, Color, HorizontalBarChart, Position, Series, YAxisConfig, svg_with_accessibility,
};

/// A drawing for wide screens and paper, and the same for phones: text in a scaled drawing would be too small there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plot {
    /// SVG, 760 pixels wide.
    pub(crate) wide: String,
    /// SVG, 340 pixels wide.
    pub(crate) narrow: String,
}

/// What a bar means, which decides its colour. The style sheet has the same names and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Used lately, or simply a number of accounts.
    Used,
    /// Not used for a while.
    Idle,
    /// Never used.
    Never,
    /// Activity that is hidden or not recorded.
    Unknown,
    /// Without a seat, or a seat that nobody has.
    Free,
}

impl Meaning {
    /// The colour of the light theme.
    const fn colour(self) -> (u8, u8, u8) {
        match self {
            Self::Used => (0x1f, 0x63, 0xad),
            Self::Idle => (0xc2, 0x4a, 0x12),
            Self::Never => (0x85, 0x3a, 0x8f),
            Self::Unknown => (0x6b, 0x72, 0x80),
            Self::Free => (0xb8, 0xc0, 0xcb),
        }
    }
}

/// Text, axes and grid lines of the light theme.
const TEXT: (u8, u8, u8) = (0x3d, 0x46, 0x52);
const AXIS: (u8, u8, u8) = (0x7a, 0x84, 0x91);
const GRID: (u8, u8, u8) = (0xdf, 0xe3, 0xe8);

/// The widths of the two drawings in pixels.
const WIDE: f32 = 760.0;
const NARROW: f32 = 340.0;

/// The height of one horizontal bar with its gap, and of the axis below the bars.
const ROW: f32 = 30.0;
const BELOW: f32 = 30.0;

/// The height of upright bars with their axis.
const UPRIGHT: f32 = 280.0;

/// Numbers of the same meaning, one for each label.
pub(crate) struct Bars {
    /// What they are.
    pub(crate) meaning: Meaning,
    /// Their name.
    pub(crate) name: &'static str,
    /// One for each label.
    pub(crate) values: Vec<u64>,
}

/// Bars that lie on their side, the parts of a label in a row. `None` if there is nothing to draw.
pub(crate) fn lying(title: &str, labels: &[String], bars: &[Bars]) -> Option<Plot> {
    let draw = |width| side(title, labels, bars, width);
    Some(Plot { wide: draw(WIDE)?, narrow: draw(NARROW)? })
}

/// Upright bars, and lying ones on phones, where not all labels would fit side by side.
pub(crate) fn standing(title: &str, labels: &[String], bars: &[Bars]) -> Option<Plot> {
    Some(Plot { wide: upright(title, labels, bars)?, narrow: side(title, labels, bars, NARROW)? })
}

fn side(title: &str, labels: &[String], bars: &[Bars], width: f32) -> Option<String> {
    // The library puts the first label at the bottom.
    let upwards = |values: &[u64]| values.iter().rev().copied().collect();
    let turned: Vec<Bars> = bars.iter().map(|bars| Bars { values: upwards(&bars.values), ..*bars }).collect();
    let mut chart = HorizontalBarChart::new(series(&turned), labels.iter().rev().cloned().collect());
    let ticks = Ticks::over(highest(labels, bars)?, if width > NARROW { 5 } else { 3 });
    let rows = u16::try_from(labels.len()).map_or(f32::MAX, f32::from);
    dress(&mut chart.base, bars, width, rows * ROW + BELOW);
    chart.base.margin.right = 26.0;
    chart.y_axis_configs = vec![axis(ticks)];
    chart.series_label_position = Some(Position::Inside);
    finish(title, chart.svg().ok()?)
}

fn upright(title: &str, labels: &[String], bars: &[Bars]) -> Option<String> {
    let mut chart = BarChart::new(series(bars), labels.to_vec());
    let ticks = Ticks::over(highest(labels, bars)?, 5);
    dress(&mut chart.base, bars, WIDE, UPRIGHT);
    // Half of the highest number stands above the highest line.
    chart.base.margin.top = 10.0;
    chart.y_axis_configs = vec![axis(ticks)];
    finish(title, chart.svg().ok()?)
}

fn finish(title: &str, svg: String) -> Option<String> {
    Some(svg_with_accessibility(&svg, title, "")).filter(|svg| svg.starts_with("<svg"))
}

/// The stacked numbers. A drawing does not need more digits than an `f32` has.
#[expect(clippy::cast_precision_loss, reason = "bars are no more exact than a pixel")]
fn series(bars: &[Bars]) -> Vec<Series> {
    let one = |bars: &Bars| {
        let values: Vec<f32> = bars.values.iter().map(|value| *value as f32).collect();
        Series { stack: Some("all".to_owned()), ..Series::from((bars.name, values)) }
    };
    bars.iter().map(one).collect()
}

/// The highest sum of a label; `None` if all are zero.
fn highest(labels: &[String], bars: &[Bars]) -> Option<u64> {
    let sum = |place: usize| bars.iter().filter_map(|bars| bars.values.get(place)).sum::<u64>();
    (0..labels.len()).map(sum).max().filter(|highest| *highest > 0)
}

/// What all drawings have in common: no background, no legend (the page has one), the theme's colours.
fn dress(chart: &mut ChartBase, bars: &[Bars], width: f32, height: f32) {
    (chart.width, chart.height) = (width, height);
    chart.compact = true;
    chart.background_color = Color::transparent();
    chart.margin = 4.0.into();
    chart.legend.show = Some(false);
    chart.series.colors = bars.iter().map(|bars| bars.meaning.colour().into()).collect();
    chart.x_axis.font.color = TEXT.into();
    chart.x_axis.font.size = 13.0;
    chart.x_axis.stroke_color = AXIS.into();
    chart.grid.stroke_color = GRID.into();
}

fn axis(ticks: Ticks) -> YAxisConfig {
    let mut axis = YAxisConfig {
        stroke_color: AXIS.into(),
        split_number: ticks.count,
        min: Some(0.0),
        max: Some(ticks.end),
        formatter: Some("{t}".to_owned()),
        name_gap: 8.0,
        ..YAxisConfig::default()
    };
    axis.font.color = TEXT.into();
    axis.font.size = 13.0;
    axis
}

/// The marks of an axis from zero on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    /// How many there are beside the zero.
    count: usize,
    /// The last one.
    end: f32,
}

impl Ticks {
    /// At most so many, a round number apart, up to the first that is no less than `highest`.
    #[expect(clippy::cast_precision_loss, reason = "bars are no more exact than a pixel")]
    fn over(highest: u64, most: u64) -> Self {
        let mut power = 1_u64;
        loop {
            for factor in [1, 2, 5] {
                let step = power.saturating_mul(factor);
                let count = highest.div_ceil(step).max(1);
                if count <= most {
                    let end = step.saturating_mul(count) as f32;
                    return Self { count: usize::try_from(count).unwrap_or(1), end };
                }
            }
            power = power.saturating_mul(10);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_numbers_apart() {
        let cases = [
            (1, 5, (1, 1.0)),
            (4, 5, (4, 4.0)),
            (7, 5, (4, 8.0)),
            (11, 5, (3, 15.0)),
            (1_704, 5, (4, 2_000.0)),
            (1_704, 3, (2, 2_000.0)),
            (20_000, 3, (2, 20_000.0)),
            (5_000_000_000, 5, (5, 5_000_000_000.0)),
        ];
        for (highest, most, (count, end)) in cases {
            assert_eq!(Ticks::over(highest, most), Ticks { count, end }, "{highest} {most}");
        }
    }

    /// The style sheet selects colours by their values: one that it does not know would look the same in all themes.
    #[test]
    fn the_style_sheet_knows_every_colour_of_a_drawing() {
        let meanings = [Meaning::Used, Meaning::Idle, Meaning::Never, Meaning::Unknown, Meaning::Free];
        let bars = meanings.map(|meaning| Bars { meaning, name: "x", values: vec![3, 40] });
        let labels = ["a".to_owned(), "b".to_owned()];
        let css = include_str!("../../templates/report.css");
        for plot in [lying("t", &labels, &bars).unwrap(), standing("t", &labels, &bars).unwrap()] {
            for svg in [plot.wide, plot.narrow] {
                let values: Vec<&str> = svg.split(['"', ' ', '<', '>']).filter(|it| it.starts_with('#')).collect();
                assert!(values.len() > 3, "{svg}");
                for value in values {
                    assert!(css.contains(&format!("=\"{value}\"]")), "{value} is not in the style sheet: {svg}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_drawn_of_zeros() {
        let bars = [Bars { meaning: Meaning::Used, name: "x", values: vec![0] }];
        assert_eq!(lying("t", &["a".to_owned()], &bars), None);
        assert_eq!(standing("t", &[], &[]), None);
    }
}
