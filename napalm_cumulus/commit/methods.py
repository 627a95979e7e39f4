"""The configuration methods of the driver: load, compare, commit, confirm, roll back.

The candidate is in this object until ``commit_config``. After that everything is on the switch, so
any session on any machine can confirm or roll back the commit.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from napalm.base import models
from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    MergeConfigException,
    ReplaceConfigException,
)

from napalm_cumulus import values
from napalm_cumulus.commit import last_confirmed, templates, transaction
from napalm_cumulus.commit.repairs import Repairs
from napalm_cumulus.commit.report import CommitReport, PendingCommit, unchanged
from napalm_cumulus.commit.transaction import Plan
from napalm_cumulus.config import candidate, knowledge, snapshot, validation
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.marked_text import ConfigurationError, shown
from napalm_cumulus.config.merge import merge
from napalm_cumulus.config.problems import CandidateProblem
from napalm_cumulus.config.semantics import management_interfaces
from napalm_cumulus.config.snapshot import Snapshot
from napalm_cumulus.errors import CommitRefusedError, MixedDiskError
from napalm_cumulus.redaction import without_secrets
from napalm_cumulus.ssh.transport import Transport

#: The dead-man's timer, in seconds, of a commit that is confirmed or bounced at once.
_IMMEDIATE_REVERT_IN = 120
_LOG = logging.getLogger(__name__)
_NOTHING_LOADED = "No candidate is loaded: call load_merge_candidate or load_replace_candidate."


class ConfigurationMethods:
    """NAPALM's configuration methods for ifupdown2, with a commit-confirm that the switch keeps."""

    platform: str
    hostname: str
    optional_args: dict[str, Any]
    _base: Snapshot | None = None
    _candidate: Configuration | None = None
    _problems: tuple[CandidateProblem, ...] = ()
    _last_commit: CommitReport | None = None

    def _root_session(self) -> Transport:
        raise NotImplementedError

    # --- candidate ------------------------------------------------------------------------------

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Load stanzas that replace those of the same name; nothing is changed yet.

        They are merged into the candidate where one is loaded, else into what is on the disk. A
        text that is refused discards the candidate.

        Raises:
            MergeConfigException: the text cannot be merged, or would not mean what it says.
        """
        self._load(filename, config, MergeConfigException, replace=False)

    def load_replace_candidate(
        self, filename: str | None = None, config: str | None = None
    ) -> None:
        """Load a whole configuration; nothing is changed yet. An earlier candidate is discarded.

        A text with the markers of ``get_config`` is the whole configuration of ifupdown2. A text
        without markers is the main file, and the files that it sources stay as they are.

        Raises:
            ReplaceConfigException: the text would not mean what it says.
        """
        self._load(filename, config, ReplaceConfigException, replace=True)

    def load_template(
        self,
        template_name: str,
        template_source: str | None = None,
        template_path: str | None = None,
        **template_vars: Any,  # noqa: ANN401 - NAPALM's
    ) -> None:
        """Render a template and merge the outcome (``commit.templates``).

        Args:
            template_name: its name, without ``.j2``.
            template_source: its text, instead of a file.
            template_path: an absolute path; the template is in ``cumulus/templates`` below it.
            template_vars: what it may use.
        """
        templates.load(self, template_name, template_source, template_path, template_vars)

    def _load(
        self,
        filename: str | None,
        config: str | None,
        error: type[Exception],
        *,
        replace: bool,
    ) -> None:
        earlier, before = self._candidate, self._base
        self.discard_config()
        text = candidate.given(filename, config, error)
        base = snapshot.take(self._root_session())
        onto = base.disk
        if earlier is not None and before is not None and not replace:
            if (base.manifest, base.listing) != (before.manifest, before.listing):
                raise error(
                    f"{self.hostname}: the files were changed by somebody else since the candidate "
                    "was loaded. It was discarded: load everything anew."
                )
            onto = earlier
        try:
            with candidate.COLLECTOR_PAUSED:
                loaded = candidate.replace(onto, text) if replace else merge(onto, text)
            problems = self._judged(base.disk, loaded.configuration)
        except ConfigurationError as reason:
            raise error(f"{self.hostname}: {without_secrets(shown(str(reason)))}") from reason
        wrong = [problem for problem in problems if not problem.is_warning]
        if wrong and not self.optional_args.get("accept_problems", False):
            said = without_secrets(shown(" ".join(map(loaded.said, wrong))))
            raise error(
                f"{self.hostname}: the candidate would not do what it says: {said} If all of that "
                "is meant: the optional argument accept_problems, which the commit's record then "
                "shows."
            )
        for problem in problems:
            _LOG.warning("%s: %s", self.hostname, _remark(problem))
        self._base, self._candidate, self._problems = base, loaded.configuration, problems

    def _judged(self, base: Configuration, new: Configuration) -> tuple[CandidateProblem, ...]:
        """Return what the checks say; the switch is asked for what only it can tell."""
        switch = knowledge.UNASKED
        with candidate.COLLECTOR_PAUSED:
            must_ask = validation.must_ask(base, new)
        if must_ask:
            switch = knowledge.ask(self._root_session())
        with candidate.COLLECTOR_PAUSED:
            return validation.introduced(base, new, switch)

    @property
    def candidate_problems(self) -> tuple[CandidateProblem, ...]:
        """Return what is odd in the candidate, and what was accepted although it is wrong."""
        return self._problems

    def compare_config(self) -> str:
        """Return a diff for each file from the disk to the candidate; empty if nothing changes.

        What is odd in the candidate stands in front of it, in lines that begin with ``# warning:``
        (``# overridden:`` where it is wrong and ``accept_problems`` was given).
        """
        if self._base is None or self._candidate is None:
            return ""
        diff = self._base.disk.diff_to(self._candidate)
        return "\n".join([*map(_remark, self._problems), diff]) if diff else ""

    def discard_config(self) -> None:
        """Drop the candidate; what is committed already is not touched."""
        self._base = self._candidate = None
        self._problems = ()

    # --- commit ---------------------------------------------------------------------------------

    def commit_config(
        self, message: str = "", revert_in: int | None = None, *, bounce: bool = False
    ) -> None:
        """Apply the candidate; the switch rolls it back unless it is confirmed.

        The dead-man's timer is armed on the switch first. Then the kernel is changed while the disk
        still has the old configuration, and the kernel is checked against the candidate. A
        candidate without a difference changes nothing, and ``last_commit`` says so.

        Args:
            message: the reason; kept on the switch while the commit is pending.
            revert_in: seconds, a whole number from 1 to 604800 (7 days), after which the switch
                rolls back unless ``confirm_commit`` is called. None confirms at once, which writes
                the disk.
            bounce: roll back on the switch as soon as the candidate is applied and checked, in the
                same program and without another round trip.

        Raises:
            CommitRefusedError: the switch did not begin, or the candidate changes the interface
                that the switch is managed by; nothing was changed.
            CommitError: nothing is loaded; or the switch rolled it back and is as before.
            SessionLockedException: another commit is pending; the message names its owner.
            LockError: the files were changed since they were loaded, or another program manages
                them.
        """
        if self._base is None or self._candidate is None:
            raise CommitError(_NOTHING_LOADED)
        with values.refused_as(CommitError):
            at_once = values.boolean(bounce, "bounce")
        why = transaction.require_message(message)
        if revert_in is None:
            # Nobody waits for this commit, so there is time for a large change.
            seconds = _IMMEDIATE_REVERT_IN + len(self._candidate.counted)
        else:
            seconds = transaction.require_revert_in(revert_in)
        commit = transaction.plan(
            self._base,
            self._candidate,
            revert_in=seconds,
            bounce=at_once,
            full_reload=self.optional_args.get("full_reload", False),
            owner=self.optional_args.get("owner", ""),
            message=self._recorded(why),
            remarks=tuple(map(_remark, self._problems)),
        )
        if not self.compare_config():
            self._last_commit = unchanged(commit.id, commit.change)
            self.discard_config()
            return
        self._refuse_management(commit.change.interfaces)
        self._carry_out(commit, confirm=revert_in is None and not at_once)
        self.discard_config()

    def _recorded(self, message: str) -> str:
        """Return the message as it is kept; in front of it, that checks were overridden."""
        overridden = sum(1 for problem in self._problems if not problem.is_warning)
        return f"[accept_problems: {overridden} overridden] {message}" if overridden else message

    def _carry_out(self, commit: Plan, *, confirm: bool) -> None:
        self._last_commit = None
        self._last_commit = transaction.apply(self._root_session(), commit, self.hostname)
        if not confirm:
            return
        try:
            transaction.confirm(self._root_session(), commit.id, self.hostname)
            self._last_commit = replace(self._last_commit, result="confirmed")
        except MixedDiskError as error:
            self._last_commit = replace(self._last_commit, result="mixed", problems=error.problems)
            raise
        except CommitConfirmException as error:
            self._last_commit = None
            raise CommitError(str(error)) from error
        except CommitRefusedError as error:
            report, self._last_commit = self._last_commit, None
            # Nobody will confirm it later, so the timer must not be waited for.
            try:
                transaction.roll_back(self._root_session(), commit.id, self.hostname)
            except (CommitError, CommitConfirmException) as also:
                raise CommitError(f"{error} {also}") from error
            self._last_commit = replace(report, result="reverted", reverted_ok=True)
            raise CommitError(f"{error} It was rolled back at once.") from error

    def _refuse_management(self, interfaces: tuple[str, ...]) -> None:
        """Raise where the session's own interface would change and that was not allowed."""
        if self.optional_args.get("allow_management_change", False) or self._base is None:
            return
        touched = management_interfaces(self._base.disk, self.hostname) & set(interfaces)
        if touched:
            raise CommitRefusedError(
                f"The candidate changes {', '.join(sorted(touched))}, by which {self.hostname} is "
                "managed; nothing was changed. If that is meant: the optional argument "
                "allow_management_change, a revert_in, and the console at hand."
            )

    def confirm_commit(self) -> None:
        """Make the pending commit permanent: write the disk, cancel the timer.

        Raises:
            CommitConfirmException: nothing is pending (perhaps the confirmation came too late).
            CommitRefusedError: the kernel no longer has the candidate, or the disk cannot be
                written; the commit stays pending.
            MixedDiskError: some files are written, and the others could be neither written nor put
                back; the message names each.
        """
        transaction.confirm(self._root_session(), self._required_pending().id, self.hostname)

    def has_pending_commit(self) -> bool:
        """Return whether a commit is pending on the switch, whoever made it."""
        return transaction.pending(self._root_session(), self.hostname) is not None

    def rollback(self, *, pending_only: bool = False) -> None:
        """Roll back the pending commit or, where none is pending, the newest confirmed one.

        A confirmed commit is undone by a commit of its own, which is confirmed at once; a second
        ``rollback`` undoes that one.

        Args:
            pending_only: never undo a confirmed commit, even if the pending one ends at this
                moment.

        Raises:
            CommitConfirmException: nothing is pending, and ``pending_only`` was given.
            CommitError: there is nothing to roll back, or the rollback did not succeed.
            LockError: the files were changed since the newest commit was confirmed.
        """
        with values.refused_as(CommitError):
            only = values.boolean(pending_only, "pending_only")
        waiting = (
            self._required_pending()
            if only
            else transaction.pending(self._root_session(), self.hostname)
        )
        if waiting is not None:
            transaction.roll_back(self._root_session(), waiting.id, self.hostname)
            return
        before = last_confirmed.read(self._root_session(), self.hostname, transaction.program())
        base = snapshot.take(self._root_session())
        commit = transaction.plan(
            base,
            before.restored(base, self.hostname),
            revert_in=_IMMEDIATE_REVERT_IN + len(base.disk.counted),
            owner=self.optional_args.get("owner", ""),
            message=f"undo commit {before.id}",
        )
        self._carry_out(commit, confirm=True)

    @property
    def last_commit(self) -> CommitReport | None:
        """Return the report of this session's newest commit; None if no commit was made."""
        return self._last_commit

    @property
    def repairs(self) -> Repairs:
        """Return the repairs of the kernel; they change no file."""
        return Repairs(
            self._root_session,
            self.hostname,
            self.optional_args.get("owner", ""),
            allow_management=self.optional_args.get("allow_management_change", False),
        )

    def _required_pending(self) -> PendingCommit:
        found = transaction.pending(self._root_session(), self.hostname)
        if found is None:
            raise CommitConfirmException(
                f"No commit is pending on {self.hostname}: it was never made, has been confirmed, "
                "or has already been rolled back."
            )
        return found

    # --- reading --------------------------------------------------------------------------------

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,
        sanitized: bool = False,
        format: str = "text",  # noqa: A002 (NAPALM's signature)
    ) -> models.ConfigDict:
        """Return every file that ifupdown2 reads, as one text with a marker line for each file.

        Args:
            retrieve: ``all``, ``running`` (the applied configuration: the candidate while a commit
                is pending), ``startup`` (the configuration on the disk, used at boot) or
                ``candidate``.
            full: ignored; an interfaces file has no hidden defaults.
            sanitized: replace the values of password and key options by a placeholder.
            format: only ``text``.

        Raises:
            CommandErrorException: an argument is not valid, or the files cannot be read.
        """
        if format != "text":
            raise NotImplementedError(
                f"{values.shown(format)} is not a format of this driver: use text."
            )
        with values.refused_as(CommandErrorException, "get_config: "):
            store = values.text("all" if retrieve is None else retrieve, "retrieve").lower()
            if store not in ("all", "running", "startup", "candidate"):
                raise values.UnfitValueError(
                    f"retrieve is all, running, startup or candidate, not {values.shown(retrieve)}."
                )
            values.boolean(full, "full")
            clean = values.boolean(sanitized, "sanitized")
        state = snapshot.take(self._root_session())
        texts = {
            "running": state.running.to_text(),
            "startup": state.disk.to_text(),
            "candidate": self._candidate.to_text() if self._candidate else "",
        }

        def shown(name: str) -> str:
            if store not in ("all", name):
                return ""
            return without_secrets(texts[name]) if clean else texts[name]

        return {
            "running": shown("running"),
            "startup": shown("startup"),
            "candidate": shown("candidate"),
        }


def _remark(problem: CandidateProblem) -> str:
    return without_secrets(
        f"# {'warning' if problem.is_warning else 'overridden'}: {shown(str(problem))}"
    )
