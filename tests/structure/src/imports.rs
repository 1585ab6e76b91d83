//! What each file imports: every path that it writes, followed to the file that defines what the path names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::visit::Visit;

use crate::modules::{Crate, Module, is_for_tests};

/// Each file of the crate, with the files that it imports.
#[must_use]
pub fn imports(read: &Crate) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let mut all: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for (index, module) in read.modules.iter().enumerate() {
        let mut paths = Paths::default();
        module.items.iter().for_each(|item| paths.visit_item(item));
        paths.found.extend(module.brought.iter().map(|(_, path)| path.clone()));
        paths.found.extend(module.globs.iter().cloned());
        let own = all.entry(module.file.clone()).or_default();
        let targets = paths.found.iter().filter_map(|path| read.file_of(index, path, &mut BTreeSet::new()));
        own.extend(targets.filter(|file| *file != module.file));
    }
    all
}

impl Crate {
    /// The file that defines what the path names for this module; `None` for what another crate defines.
    fn file_of(&self, from: usize, path: &[String], seen: &mut BTreeSet<(usize, Vec<String>)>) -> Option<PathBuf> {
        // An import that brings in itself, by way of others, leads nowhere.
        if !seen.insert((from, path.to_vec())) {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let module = self.modules.get(from)?;
        match first.as_str() {
            "crate" => self.below(0, rest, seen),
            "self" => self.below(from, rest, seen),
            "super" => self.below(module.parent?, rest, seen),
            name => match module.children.get(name) {
                Some(child) => self.below(*child, rest, seen),
                None => self.brought(from, name, rest, seen),
            },
        }
    }

    /// The file that defines what the path names below this module.
    fn below(&self, at: usize, path: &[String], seen: &mut BTreeSet<(usize, Vec<String>)>) -> Option<PathBuf> {
        let module: &Module = self.modules.get(at)?;
        let Some((first, rest)) = path.split_first() else { return Some(module.file.clone()) };
        if first == "super" {
            return self.below(module.parent?, rest, seen);
        }
        if let Some(child) = module.children.get(first) {
            return self.below(*child, rest, seen);
        }
        if module.defined.contains(first) {
            return Some(module.file.clone());
        }
        // What macros make stands where the macro is called.
        self.brought(at, first, rest, seen).or_else(|| {
            let foreign = module.brought.iter().any(|(name, _)| name == first);
            (!foreign).then(|| module.file.clone())
        })
    }

    /// The file that defines what the module brings in under this name.
    fn brought(
        &self,
        at: usize,
        name: &str,
        rest: &[String],
        seen: &mut BTreeSet<(usize, Vec<String>)>,
    ) -> Option<PathBuf> {
        let module = self.modules.get(at)?;
        for (_, path) in module.brought.iter().filter(|(brought, _)| brought == name) {
            // `use name;` of another crate brings in itself.
            let longer: Vec<String> = path.iter().chain(rest).cloned().collect();
            if path.first().is_some_and(|first| first == name) && !module.children.contains_key(name) {
                continue;
            }
            if let Some(file) = self.file_of(at, &longer, seen) {
                return Some(file);
            }
        }
        module.globs.iter().find_map(|glob| {
            let target = self.module_of(at, glob)?;
            let module = self.modules.get(target)?;
            let has = module.defined.contains(name)
                || module.children.contains_key(name)
                || module.brought.iter().any(|(brought, _)| brought == name);
            let longer: Vec<String> = std::iter::once(name.to_owned()).chain(rest.iter().cloned()).collect();
            has.then(|| self.below(target, &longer, seen)).flatten()
        })
    }

    /// The module that a path of modules alone names.
    fn module_of(&self, from: usize, path: &[String]) -> Option<usize> {
        path.iter().enumerate().try_fold(from, |at, (position, name)| {
            let module = self.modules.get(at)?;
            match name.as_str() {
                "crate" if position == 0 => Some(0),
                "self" => Some(at),
                "super" => module.parent,
                name => module.children.get(name).copied(),
            }
        })
    }
}

/// Every path of more than one name, those in the arguments of macros among them.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 && path.leading_colon.is_none() {
            self.found.push(path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }

    /// Says who may see an item, and imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.visit_path(&called.path);
        self.in_tokens(called.tokens.clone());
    }

    /// `#[arg(value_parser = a::b)]` names what it calls, and `#[serde(with = "a::b")]` does so in a text.
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.in_tokens(list.tokens.clone());
            if list.path.is_ident("serde") {
                self.in_texts(list.tokens.clone());
            }
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            syn::visit::visit_impl_item_fn(self, function);
        }
    }

    /// A `use` within a function.
    fn visit_item_use(&mut self, line: &'ast syn::ItemUse) {
        self.in_use(&line.tree, &mut Vec::new());
    }
}

impl Paths {
    fn in_use(&mut self, tree: &syn::UseTree, before: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.unraw().to_string());
                self.in_use(&path.tree, before);
                before.pop();
            }
            syn::UseTree::Name(syn::UseName { ident }) | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                let mut path = before.clone();
                path.push(ident.unraw().to_string());
                self.found.push(path);
            }
            syn::UseTree::Glob(_) => self.found.push(before.clone()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.in_use(tree, before)),
        }
    }

    /// The paths that texts hold.
    fn in_texts(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.in_texts(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    if let Ok(path) = text.and_then(|text| text.parse::<syn::Path>()) {
                        self.visit_path(&path);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// Names with `::` between them.
    fn in_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.take(&mut path);
                    }
                    path.push(ident.unraw().to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.take(&mut path);
                    colons = 0;
                    self.in_tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.take(&mut path);
                    colons = 0;
                }
            }
        }
        self.take(&mut path);
    }

    fn take(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.found.push(path);
        }
    }
}
