//! The picture of a scaling run: a bar for the efficiency of every row at the highest thread count.
//!
//! Invariant: 1.0, where threads do as well as processes, is the marked line.

use std::path::Path;

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

/// Draws `rows` into an SVG file.
pub fn efficiencies(path: &Path, rows: &[Row]) -> Result<(), String> {
    draw(path, rows).map_err(|error| format!("{}: {error}", path.display()))
}

fn draw<'a>(path: &'a Path, rows: &'a [Row]) -> Result<(), Box<dyn std::error::Error + 'a>> {
    let count = rows.iter().map(|row| row.count).max().unwrap_or(1);
    let rows: Vec<&Row> = rows.iter().filter(|row| row.count == count).collect();
    let mut interpreters: Vec<&str> = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for row in &rows {
        let label = format!("{} ({})", row.workload, row.kind);
        if !interpreters.contains(&row.interpreter.as_str()) {
            interpreters.push(&row.interpreter);
        }
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let thick = 8 * interpreters.len() as u32 + 6;
    let height = 90 + thick * labels.len() as u32;
    let area = SVGBackend::new(path, (900, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let title = format!("Efficiency of {count} threads: time of {count} processes / time of {count} threads");
    area.draw(&Text::new(title, (20, 12), ("sans-serif", 16)))?;
    let (left, right, top) = (260.0, 870.0, 60.0);
    let at = |efficiency: f64| (left + (right - left) * efficiency.clamp(0.0, 1.25) / 1.25) as i32;
    for (index, name) in interpreters.iter().enumerate() {
        let x = 260 + 160 * index as i32;
        area.draw(&Rectangle::new([(x, 38), (x + 10, 48)], color(index).filled()))?;
        area.draw(&Text::new((*name).to_owned(), (x + 15, 36), ("sans-serif", 12)))?;
    }
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0, 1.25] {
        let style = if tick == 1.0 { BLACK.stroke_width(2) } else { RGBColor(210, 210, 210).stroke_width(1) };
        area.draw(&PathElement::new(vec![(at(tick), top as i32), (at(tick), height as i32 - 24)], style))?;
        area.draw(&Text::new(format!("{tick}"), (at(tick) - 8, height as i32 - 20), ("sans-serif", 12)))?;
    }
    for (position, label) in labels.iter().enumerate() {
        let y = top as i32 + (thick as usize * position) as i32;
        area.draw(&Text::new(label.clone(), (10, y), ("sans-serif", 11)))?;
        for row in rows.iter().filter(|row| format!("{} ({})", row.workload, row.kind) == *label) {
            let index = interpreters.iter().position(|name| *name == row.interpreter).unwrap_or(0);
            let bar = y + 8 * index as i32;
            let end = at(row.efficiency());
            area.draw(&Rectangle::new([(at(0.0), bar), (end, bar + 7)], color(index).filled()))?;
        }
    }
    area.present()?;
    Ok(())
}

fn color(index: usize) -> RGBColor {
    COLORS[index % COLORS.len()]
}
