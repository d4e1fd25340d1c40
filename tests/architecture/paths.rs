//! Finds the rooms and crates that a file names, in every spelling: `use`, groups, in place, `super::`, inside
//! macros.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;
use syn::visit::{self, Visit};

/// What a source file names outside its tests.
#[derive(Default)]
pub struct Named {
    /// Rooms of this crate.
    pub rooms: BTreeSet<String>,
    /// Other crates.
    pub crates: BTreeSet<String>,
}

/// A file's module path: `src/doctor/checks/gpu.rs` is `["doctor", "checks", "gpu"]`.
pub fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix("src").unwrap().with_extension("");
    let names = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    names.filter(|name| name != "mod").collect()
}

/// Parses `text`, the source of `module`. `crates` are the names of the dependencies.
pub fn named(text: &str, module: &[String], crates: &BTreeSet<String>) -> Named {
    let file = syn::parse_file(text).expect("the compiler has read it");
    let mut reader = Reader { module: module.to_vec(), crates, named: Named::default() };
    if !is_for_tests(&file.attrs) {
        reader.visit_file(&file);
    }
    reader.named.rooms.remove(&module[0]);
    reader.named
}

struct Reader<'a> {
    module: Vec<String>,
    crates: &'a BTreeSet<String>,
    named: Named,
}

impl Reader<'_> {
    fn name(&mut self, path: &[String]) {
        let Some(first) = path.first() else { return };
        let supers = path.iter().take_while(|part| *part == "super").count();
        let room = match first.as_str() {
            // At the crate's root, the next name is a room.
            "crate" | "rust_gears" => path.get(1),
            "super" if supers == self.module.len() => path.get(supers),
            _ => None,
        };
        self.named.rooms.extend(room.cloned());
        if self.crates.contains(first) {
            self.named.crates.insert(first.clone());
        }
    }

    fn use_tree(&mut self, before: &mut Vec<String>, tree: &syn::UseTree) {
        let length = before.len();
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.use_tree(before, &path.tree);
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(before, item)),
            syn::UseTree::Name(name) => {
                before.push(name.ident.to_string());
                self.name(before);
            }
            syn::UseTree::Rename(rename) => {
                before.push(rename.ident.to_string());
                self.name(before);
            }
            _ => self.name(before),
        }
        before.truncate(length);
    }

    /// Macros contain tokens, not paths; identifiers joined by `::` count as a path.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.name(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.name(&std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.name(&path);
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            self.module.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.use_tree(&mut Vec::new(), &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.name(&names);
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

#[test]
fn every_spelling_is_seen() {
    let crates = BTreeSet::from(["glow".to_owned(), "winit".to_owned()]);
    let module = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    for (text, rooms, outside) in [
        ("use crate::scene::View;", vec!["scene"], vec![]),
        ("use crate::{scene::View, stats::{self, mean}};", vec!["scene", "stats"], vec![]),
        ("use crate::render as r;", vec!["render"], vec![]),
        ("use super::super::stats::mean;", vec!["stats"], vec![]),
        ("use super::other;", vec![], vec![]),
        ("fn f() { crate::report::say(1) }", vec!["report"], vec![]),
        ("fn f() { say!(\"{}\", crate::stats::mean(&[])) }", vec!["stats"], vec![]),
        ("fn f(x: glow::Context) {}", vec![], vec!["glow"]),
        ("#[derive(Debug, glow::Derived)] struct S;", vec![], vec!["glow"]),
        ("use winit::{dpi, event::Event};", vec![], vec!["winit"]),
        ("#[cfg(test)] mod tests { use crate::scene::View; }", vec![], vec![]),
        ("#![cfg(test)] use crate::scene::View;", vec![], vec![]),
        ("#[cfg(unix)] mod inner { use super::super::super::scene::View; }", vec!["scene"], vec![]),
    ] {
        let named = named(text, &module(&["bench", "turns"]), &crates);
        assert_eq!(named.rooms.iter().collect::<Vec<_>>(), rooms, "{text}");
        assert_eq!(named.crates.iter().collect::<Vec<_>>(), outside, "{text}");
    }
}
