//! Pictures: bars for the figures of one run, lines for figures over many.
//!
//! Invariant: 1.0, where one side does as well as the other, is the marked line.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::scaling::Row;

const COLORS: [RGBColor; 6] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(127, 127, 127),
];

const GRAY: RGBColor = RGBColor(210, 210, 210);

/// What a drawing function gives back.
type Drawn<'a> = Result<(), Box<dyn std::error::Error + 'a>>;

/// Draws the efficiencies of a scaling run at the highest thread count into an SVG file.
pub fn efficiencies(path: &Path, rows: &[Row]) -> Result<(), String> {
    let count = rows.iter().map(|row| row.count).max().unwrap_or(1);
    let rows: Vec<&Row> = rows.iter().filter(|row| row.count == count).collect();
    let label = |row: &Row| format!("{} ({})", row.workload, row.kind);
    let (mut labels, mut series): (Vec<String>, Vec<(String, Vec<f64>)>) = (Vec::new(), Vec::new());
    for row in &rows {
        if !labels.contains(&label(row)) {
            labels.push(label(row));
        }
        if !series.iter().any(|(name, _)| *name == row.interpreter) {
            series.push((row.interpreter.clone(), Vec::new()));
        }
    }
    for (name, values) in &mut series {
        let of = |wanted: &String| {
            rows.iter()
                .find(|row| row.interpreter == *name && label(row) == *wanted)
                .map(|row| row.efficiency())
        };
        *values = labels.iter().map(|wanted| of(wanted).unwrap_or(f64::NAN)).collect();
    }
    let title = format!("Efficiency of {count} threads: time of {count} processes / time of {count} threads");
    bars(path, &title, &labels, &series)
}

/// Draws a group of bars per label, one of each series, into an SVG file. What is no number has no bar.
pub fn bars(
    path: &Path,
    title: &str,
    labels: &[String],
    series: &[(String, Vec<f64>)],
) -> Result<(), String> {
    draw_bars(path, title, labels, series).map_err(|error| format!("{}: {error}", path.display()))
}

fn draw_bars<'a>(path: &'a Path, title: &str, labels: &[String], series: &[(String, Vec<f64>)]) -> Drawn<'a> {
    let thick = 8 * series.len() as u32 + 6;
    let height = 90 + thick * labels.len() as u32;
    let area = SVGBackend::new(path, (900, height)).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw(&Text::new(title.to_owned(), (20, 12), ("sans-serif", 16)))?;
    legend(&area, series.iter().map(|(name, _)| name.as_str()))?;
    let all = series.iter().flat_map(|(_, values)| values).filter(|value| value.is_finite());
    let (step, most) = scale(all.fold(1.0, |most, value| value.max(most)));
    let (left, right, top) = (260.0, 870.0, 60);
    let at = |value: f64| (left + (right - left) * value.clamp(0.0, most) / most) as i32;
    for tick in (0..).map(|tick| tick as f64 * step).take_while(|tick| *tick <= most + step / 2.0) {
        let style = if tick == 1.0 { BLACK.stroke_width(2) } else { GRAY.stroke_width(1) };
        area.draw(&PathElement::new(vec![(at(tick), top), (at(tick), height as i32 - 24)], style))?;
        area.draw(&Text::new(format!("{tick}"), (at(tick) - 8, height as i32 - 20), ("sans-serif", 12)))?;
    }
    for (position, label) in labels.iter().enumerate() {
        let y = top + (thick as usize * position) as i32;
        area.draw(&Text::new(label.clone(), (10, y), ("sans-serif", 11)))?;
        for (index, (_, values)) in series.iter().enumerate() {
            if let Some(value) = values.get(position).filter(|value| value.is_finite()) {
                let bar = y + 8 * index as i32;
                area.draw(&Rectangle::new([(at(0.0), bar), (at(*value), bar + 7)], color(index).filled()))?;
            }
        }
    }
    area.present()?;
    Ok(())
}

/// Draws a line per series over the labels, from left to right, into an SVG file.
pub fn lines(
    path: &Path,
    title: &str,
    labels: &[String],
    series: &[(String, Vec<f64>)],
) -> Result<(), String> {
    draw_lines(path, title, labels, series).map_err(|error| format!("{}: {error}", path.display()))
}

fn draw_lines<'a>(
    path: &'a Path,
    title: &str,
    labels: &[String],
    series: &[(String, Vec<f64>)],
) -> Drawn<'a> {
    let (width, height) = (900, 480 + 18 * series.len() as u32);
    let area = SVGBackend::new(path, (width, height)).into_drawing_area();
    area.fill(&WHITE)?;
    area.draw(&Text::new(title.to_owned(), (20, 12), ("sans-serif", 16)))?;
    let all = series.iter().flat_map(|(_, values)| values).filter(|value| value.is_finite());
    let (step, most) = scale(all.fold(1.0, |most, value| value.max(most)));
    let (left, right, top, bottom) = (50.0, 870.0, 50.0, 400.0);
    let y = |value: f64| (bottom - (bottom - top) * value.clamp(0.0, most) / most) as i32;
    let x = |index: usize| (left + (right - left) * (index as f64 + 0.5) / labels.len().max(1) as f64) as i32;
    for tick in (0..).map(|tick| tick as f64 * step).take_while(|tick| *tick <= most + step / 2.0) {
        let style = if tick == 1.0 { BLACK.stroke_width(2) } else { GRAY.stroke_width(1) };
        area.draw(&PathElement::new(vec![(left as i32, y(tick)), (right as i32, y(tick))], style))?;
        area.draw(&Text::new(format!("{tick}"), (10, y(tick) - 6), ("sans-serif", 12)))?;
    }
    // As many labels as fit side by side.
    let every = labels.len().div_ceil(8).max(1);
    for (index, label) in labels.iter().enumerate().step_by(every) {
        area.draw(&Text::new(label.clone(), (x(index) - 40, bottom as i32 + 8), ("sans-serif", 11)))?;
    }
    for (index, (name, values)) in series.iter().enumerate() {
        let points: Vec<(i32, i32)> = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_finite())
            .map(|(position, value)| (x(position), y(*value)))
            .collect();
        for point in &points {
            area.draw(&Circle::new(*point, 3, color(index).filled()))?;
        }
        area.draw(&PathElement::new(points, color(index).stroke_width(2)))?;
        let line = 440 + 18 * index as i32;
        area.draw(&Rectangle::new([(50, line), (60, line + 10)], color(index).filled()))?;
        area.draw(&Text::new(name.clone(), (66, line - 1), ("sans-serif", 12)))?;
    }
    area.present()?;
    Ok(())
}

/// The distance of the ticks and the end of an axis from 0 to `most`; 1.0 is always a tick.
fn scale(most: f64) -> (f64, f64) {
    let step = [0.25, 0.5, 1.0].into_iter().find(|step| most <= 8.0 * step).unwrap_or((most / 8.0).ceil());
    (step, (most / step).ceil().max(1.0) * step)
}

fn legend<'b, 'n>(
    area: &DrawingArea<SVGBackend<'b>, Shift>,
    names: impl Iterator<Item = &'n str>,
) -> Drawn<'b> {
    for (index, name) in names.enumerate() {
        let x = 260 + 200 * index as i32;
        area.draw(&Rectangle::new([(x, 38), (x + 10, 48)], color(index).filled()))?;
        area.draw(&Text::new(name.to_owned(), (x + 15, 36), ("sans-serif", 12)))?;
    }
    Ok(())
}

fn color(index: usize) -> RGBColor {
    COLORS[index % COLORS.len()]
}
