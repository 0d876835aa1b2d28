//! What the documents say is so: the key table, the pictures and the commands. `UPDATE=1 cargo test docs` writes them anew.

use std::{env, fmt::Write, fs, path::PathBuf};

use ratatui::style::{Color, Modifier};
use spotdrill::{app::keymap, theme::Theme, ui::Glyphs};

use crate::screens::pictures;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The file says this, or is made to.
fn keep(name: &str, wanted: &str) {
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), wanted).unwrap();
    }
    let is = fs::read_to_string(path(name)).unwrap_or_default();
    assert!(is == wanted, "{name} is out of date: run `UPDATE=1 cargo test docs`");
}

#[test]
fn the_readme_lists_the_keys_as_they_are() {
    const BEGIN: &str = "<!-- keys, written by the tests -->\n";
    const END: &str = "<!-- end of keys -->";
    let readme = fs::read_to_string(path("README.md")).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the README has a place for the keys");
    let (_, after) = rest.split_once(END).expect("and an end to it");
    keep("README.md", &format!("{before}{BEGIN}\n{}\n{END}{after}", keymap::markdown()));
}

#[test]
fn the_page_of_promises_is_as_the_tables_are() {
    keep("assets/lab.md", &spotdrill::lab::promises::markdown());
}

#[test]
fn the_readme_begins_with_its_two_commands() {
    let readme = fs::read_to_string(path("README.md")).unwrap();
    let screenful: Vec<_> = readme.lines().take(40).collect();
    let after = |marker: &str| {
        let at = screenful.iter().position(|line| *line == marker).unwrap_or_else(|| panic!("no {marker}"));
        screenful[at + 2]
    };
    assert!(after("<!-- run command -->").contains("-- --lab"), "{}", after("<!-- run command -->"));
    assert_eq!(after("<!-- test command -->"), "cargo test");
}

#[test]
fn every_file_that_the_readme_points_at_is_there() {
    let readme = fs::read_to_string(path("README.md")).unwrap();
    let links: Vec<_> = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 4, "{links:?}");
    for link in links.iter().filter(|link| !link.starts_with("http")) {
        assert!(path(link).exists(), "{link} is not there");
    }
}

#[test]
fn the_pictures_show_the_screens_as_they_are() {
    let theme = Theme::named("default").unwrap();
    for (name, session) in pictures() {
        let (width, height) = (110, 34);
        let backend = ratatui::backend::TestBackend::new(width, height);
        let mut terminal = ratatui::Terminal::new(backend).unwrap();
        terminal.draw(|frame| spotdrill::ui::draw(&session.app, &theme, Glyphs::Unicode, session.now, frame)).unwrap();
        keep(&format!("assets/screenshots/{name}.svg"), &svg(terminal.backend().buffer()));
    }
}

/// The buffer as a picture: a cell is 8.4 by 18 units.
fn svg(buffer: &ratatui::buffer::Buffer) -> String {
    const CELL: (f32, f32) = (8.4, 18.0);
    let (width, height) = (f32::from(buffer.area.width) * CELL.0, f32::from(buffer.area.height) * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-8 -8 {:.0} {:.0}\" font-family=\"ui-monospace, \
         'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n\
         <rect x=\"-8\" y=\"-8\" width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#1d1f21\"/>\n",
        width + 16.0,
        height + 16.0
    );
    for row in 0..buffer.area.height {
        let mut column = 0;
        while column < buffer.area.width {
            let cell = &buffer[(column, row)];
            let style = (cell.fg, cell.bg, cell.modifier);
            let mut text = String::new();
            let from = column;
            while column < buffer.area.width {
                let next = &buffer[(column, row)];
                if (next.fg, next.bg, next.modifier) != style {
                    break;
                }
                text.push_str(next.symbol());
                column += 1;
            }
            svg.push_str(&run(&text, (from, row), column - from, style, CELL));
        }
    }
    svg + "</svg>\n"
}

/// Cells of one style, one after the other.
fn run(
    text: &str,
    (column, row): (u16, u16),
    cells: u16,
    (fg, bg, modifier): (Color, Color, Modifier),
    (width, height): (f32, f32),
) -> String {
    let (mut ink, mut paper) = (rgb(fg, "#c5c8c6"), rgb(bg, ""));
    if modifier.contains(Modifier::REVERSED) {
        (ink, paper) = (if paper.is_empty() { "#1d1f21" } else { paper }, ink);
    }
    let (x, y, long) = (f32::from(column) * width, f32::from(row) * height, f32::from(cells) * width);
    let mut drawn = String::new();
    if !paper.is_empty() {
        drawn = format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{long:.1}\" height=\"{height}\" fill=\"{paper}\"/>\n");
    }
    if !text.trim().is_empty() {
        let bold = if modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
        let dim = if modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}");
        let _ = writeln!(
            drawn,
            "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{long:.1}\" fill=\"{ink}\"{bold}{dim}>{text}</text>",
            y + 13.5
        );
    }
    drawn
}

fn rgb(colour: Color, default: &'static str) -> &'static str {
    match colour {
        Color::Black => "#1d1f21",
        Color::Red | Color::LightRed => "#cc6666",
        Color::Green | Color::LightGreen => "#8abe6e",
        Color::Yellow | Color::LightYellow => "#d7af5f",
        Color::Blue | Color::LightBlue => "#6c9ad2",
        Color::Magenta | Color::LightMagenta => "#b294bb",
        Color::Cyan | Color::LightCyan => "#70c0b1",
        Color::White | Color::Gray => "#c5c8c6",
        Color::DarkGray => "#70757a",
        _ => default,
    }
}
