"""NAPALM's merge for interfaces files: a stanza replaces the stanza of the same name."""

from __future__ import annotations

from napalm_cumulus.config.configuration import (
    Configuration,
    ConfigurationError,
    Located,
    split_marked,
)
from napalm_cumulus.config.interfaces_file import InterfacesFile, expand_range


def merge(base: Configuration, text: str) -> Configuration:
    """Return the configuration with the text's stanzas in place of those of the same name.

    An ``iface`` or ``vlan`` stanza replaces the one with its name in the same place of the same
    file, or is appended to the main file. The k-th stanza of a name replaces the k-th one. ``auto``
    and ``allow-*`` lines are added where the interface has none yet.

    Raises:
        ConfigurationError: the text contains other lines than stanzas and auto lines, has fewer
            stanzas of a name than the configuration, or changes a mako template.
    """
    sections = split_marked(text) or {base.main: text}
    result = base
    for body in sections.values():
        patch = InterfacesFile.parse(body)
        _refuse_unmergeable(patch)
        for keyword, name in dict.fromkeys((s.keyword, s.words[0]) for s in patch.stanzas):
            texts = [
                patch.stanza_text(s)
                for s in patch.stanzas
                if (s.keyword, s.words[0]) == (keyword, name)
            ]
            result = _put_stanzas(result, keyword, name, texts)
        for line in patch.directives:
            for word in line.words:
                result = _put_auto(result, line.keyword, word)
    return result


def _refuse_unmergeable(patch: InterfacesFile) -> None:
    if patch.is_template:
        raise ConfigurationError("The merge text holds mako constructs; merge plain stanzas.")
    if patch.problems:
        problem = patch.problems[0]
        raise ConfigurationError(f"Line {problem.line} of the merge text: {problem.message}.")
    for line in patch.directives:
        if line.keyword == "source":
            raise ConfigurationError(
                f"Line {line.first} of the merge text is a 'source' line; "
                "files can only be added by a replace."
            )
    if not patch.stanzas and not patch.directives:
        raise ConfigurationError("The merge text holds no stanza: there is nothing to merge.")


def _standing(base: Configuration, keyword: str, name: str) -> list[Located]:
    return [
        at for at in base.stanzas() if at.stanza.keyword == keyword and at.stanza.words[0] == name
    ]


def _main_file(base: Configuration) -> InterfacesFile:
    return InterfacesFile.parse(base.tree.get(base.main, ""), base.main)


def _put_stanzas(base: Configuration, keyword: str, name: str, texts: list[str]) -> Configuration:
    standing = _standing(base, keyword, name)
    if len(standing) > len(texts):
        places = ", ".join(str(at) for at in standing)
        raise ConfigurationError(
            f"{name} has {len(standing)} stanzas ({places}) and the merge text holds "
            f"{len(texts)} of them: give all, in that order."
        )
    result = base
    for index, text in enumerate(texts):
        if index >= len(standing):
            result = result.with_file(_main_file(result).append(text))
            continue
        # A replacement moves the lines below it, so look the place up again.
        at = _standing(result, keyword, name)[index]
        if at.file.is_template:
            raise ConfigurationError(
                f"{name} stands in {at.file.path}, a mako template whose lines are not what "
                "ifupdown2 sees; edit the template by hand."
            )
        result = result.with_file(at.file.replace_stanza(at.stanza, text))
    return result


def _put_auto(base: Configuration, keyword: str, name: str) -> Configuration:
    if keyword == "auto" and set(expand_range(name)) <= base.auto:
        return base
    for file in base.files:
        if any(line.keyword == keyword and name in line.words for line in file.directives):
            return base
    standing = _standing(base, "iface", name)
    if not standing:
        return base.with_file(_main_file(base).append(f"{keyword} {name}"))
    at = standing[0]
    return base.with_file(at.file.insert_before(at.stanza, f"{keyword} {name}"))
