//! Tables for people: aligned for a terminal, or as Markdown.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Columns padded with spaces.
    Text,
    /// GitHub's Markdown.
    Markdown,
}

/// Formats rows of cells, the first being the heading. The first column and those in `left` are left-aligned, the
/// others right-aligned. There is no line break at the end.
pub fn format(rows: &[Vec<String>], left: &[usize], style: Style) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let is_left = |column: usize| column == 0 || left.contains(&column);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut lines = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = (0..columns).map(|column| {
            let (cell, width) = (row.get(column).map_or("", String::as_str), widths[column]);
            if is_left(column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let cells: Vec<String> = cells.collect();
        match style {
            Style::Text => lines.push(cells.join("  ").trim_end().to_owned()),
            Style::Markdown => lines.push(format!("| {} |", cells.join(" | "))),
        }
        if index == 0 && style == Style::Markdown {
            let rules = (0..columns).map(|c| if is_left(c) { "---" } else { "---:" });
            lines.push(format!("| {} |", rules.collect::<Vec<_>>().join(" | ")));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let rows: Vec<Vec<String>> = [["stage", "figure"], ["a", "1"], ["classic", "12.5 µs"]]
            .map(|r| r.map(str::to_owned).to_vec())
            .to_vec();
        assert_eq!(format(&rows, &[], Style::Text), "stage     figure\na              1\nclassic  12.5 µs");
        assert_eq!(
            format(&rows, &[], Style::Markdown),
            "| stage   |  figure |\n| --- | ---: |\n| a       |       1 |\n| classic | 12.5 µs |"
        );
    }
}
