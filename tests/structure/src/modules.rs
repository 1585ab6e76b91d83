//! The modules of a crate: what each defines, what it imports under which name, and in which file it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use syn::ext::IdentExt as _;

/// A crate's modules, the root first.
pub struct Crate {
    pub(crate) modules: Vec<Module>,
}

/// One module; several can stand in one file.
#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    /// `None` for the root.
    pub(crate) parent: Option<usize>,
    pub(crate) children: BTreeMap<String, usize>,
    /// Types, functions, constants, traits and macros.
    pub(crate) defined: BTreeSet<String>,
    /// What each `use` line brings in: the name here, and the path as it is written.
    pub(crate) brought: Vec<(String, Vec<String>)>,
    /// The paths before `::*`.
    pub(crate) globs: Vec<Vec<String>>,
    /// All but the modules within, tests and imports.
    pub(crate) items: Vec<syn::Item>,
}

/// Why a crate's sources could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// The file cannot be read.
    File(PathBuf, io::Error),
    /// The file is not Rust that `syn` knows.
    Syntax(PathBuf, syn::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Syntax(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for ReadError {}

impl Crate {
    /// Reads the crate whose root is this file, and every file that its `mod` lines name.
    ///
    /// # Errors
    /// [`ReadError`], for a file that is missing or does not parse.
    pub fn read(root: &Path) -> Result<Self, ReadError> {
        let mut read = Self { modules: Vec::new() };
        let folder = root.parent().unwrap_or(Path::new("")).to_path_buf();
        read.add_file(root.to_path_buf(), folder, None)?;
        Ok(read)
    }

    /// `folder` is where the files of the modules within stand.
    fn add_file(&mut self, file: PathBuf, folder: PathBuf, parent: Option<usize>) -> Result<usize, ReadError> {
        let text = fs::read_to_string(&file).map_err(|error| ReadError::File(file.clone(), error))?;
        let syntax = syn::parse_file(&text).map_err(|error| ReadError::Syntax(file.clone(), error))?;
        self.add(syntax.items, file, folder, parent)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "every other item is kept as it is")]
    fn add(
        &mut self,
        items: Vec<syn::Item>,
        file: PathBuf,
        folder: PathBuf,
        parent: Option<usize>,
    ) -> Result<usize, ReadError> {
        let index = self.modules.len();
        self.modules.push(Module { file: file.clone(), parent, ..Module::default() });
        let mut module = Module { file: file.clone(), parent, ..Module::default() };
        for item in items {
            match item {
                item if is_for_tests(attributes(&item)) => {}
                syn::Item::Mod(child) => {
                    let name = child.ident.unraw().to_string();
                    let within = folder.join(&name);
                    let added = match child.content {
                        Some((_, items)) => self.add(items, file.clone(), within, Some(index))?,
                        None => {
                            let source = file_of(&child.attrs, &file, &folder, &name);
                            self.add_file(source, within, Some(index))?
                        }
                    };
                    module.children.insert(name, added);
                }
                syn::Item::Use(line) => bring(&line.tree, &mut Vec::new(), &mut module),
                item => {
                    module.defined.extend(name_of(&item));
                    module.items.push(item);
                }
            }
        }
        if let Some(place) = self.modules.get_mut(index) {
            *place = module;
        }
        Ok(index)
    }
}

/// `name.rs`, `name/mod.rs`, or what `#[path]` says, which begins in the folder of the file that says it.
fn file_of(attributes: &[syn::Attribute], said_in: &Path, folder: &Path, name: &str) -> PathBuf {
    for attribute in attributes {
        if let syn::Meta::NameValue(syn::MetaNameValue { path, value: syn::Expr::Lit(literal), .. }) = &attribute.meta
            && path.is_ident("path")
            && let syn::Lit::Str(text) = &literal.lit
        {
            return said_in.with_file_name(text.value());
        }
    }
    let beside = folder.join(format!("{name}.rs"));
    if beside.exists() { beside } else { folder.join(name).join("mod.rs") }
}

fn bring(tree: &syn::UseTree, before: &mut Vec<String>, module: &mut Module) {
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.unraw().to_string());
            bring(&path.tree, before, module);
            before.pop();
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            module.brought.push((before.last().cloned().unwrap_or_default(), before.clone()));
        }
        syn::UseTree::Name(name) => {
            let name = name.ident.unraw().to_string();
            module.brought.push((name.clone(), with(before, name)));
        }
        syn::UseTree::Rename(rename) => {
            let path =
                if rename.ident == "self" { before.clone() } else { with(before, rename.ident.unraw().to_string()) };
            module.brought.push((rename.rename.unraw().to_string(), path));
        }
        syn::UseTree::Glob(_) => module.globs.push(before.clone()),
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| bring(tree, before, module)),
    }
}

fn with(before: &[String], name: String) -> Vec<String> {
    let mut path = before.to_vec();
    path.push(name);
    path
}

/// Whether only tests, or the tests of the documentation, have it.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition == "doctest" || condition.starts_with("all(test,")
        }
        meta @ (syn::Meta::Path(_) | syn::Meta::List(_) | syn::Meta::NameValue(_)) => meta.path().is_ident("test"),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no test stands in any other item")]
fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Union(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other items have no name that a path leads to")]
fn name_of(item: &syn::Item) -> Option<String> {
    let ident = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.unraw().to_string())
}
