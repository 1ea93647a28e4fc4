package main

import (
	"errors"
	"os"
	"path/filepath"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault"
)

// backupVerb writes everything of the site but private keys to one file.
type backupVerb struct {
	File string `arg:"" help:"${help_backup_file}"`
}

// Run takes the backup.
func (c *backupVerb) Run(a *app) error {
	return a.with(func(v *vault.Vault) error {
		if _, err := a.lookAs(v, "site.backup", v.Keys.Site.ID, "backup", staff.Admin); err != nil {
			return err
		}
		if err := v.Backup(a.ctx, c.File, a.why("backup")); err != nil {
			return err
		}
		info, err := os.Stat(c.File)
		if err != nil {
			return fault.New(fault.Outside, "backup: %w", err)
		}
		note, err := v.Ledger.Checkpoint(a.ctx)
		if err != nil {
			return err
		}
		a.print.line(a.text.Text("backup.done", c.File, size(info.Size())))
		return a.print.value(map[string]any{"file": c.File, "bytes": info.Size(), "checkpoint": note}, a.text.Text("backup.keys"))
	})
}

// restoreVerb unpacks a backup into an empty data directory.
type restoreVerb struct {
	File  string `arg:"" help:"${help_restore_file}"`
	Known string `placeholder:"FILE" help:"${help_restore_known}"`
}

// Run restores and opens a new epoch of the log, so that the restore cannot be
// taken for the past itself.
func (c *restoreVerb) Run(a *app) error {
	if err := a.needReason(); err != nil {
		return err
	}
	known := ""
	if c.Known != "" {
		b, err := readText(c.Known)
		if err != nil {
			return err
		}
		known = string(b)
	}
	o, err := a.options()
	if err != nil {
		return err
	}
	file, err := filepath.Abs(c.File)
	if err != nil {
		return fault.New(fault.Invalid, "restore: %w", err)
	}
	v, err := vault.Restore(a.ctx, o, file, a.Why, known)
	if err != nil {
		return err
	}
	view := v.Keys.Ring.View()
	epoch := view.Epochs()[len(view.Epochs())-1].N
	err = a.print.value(map[string]any{"site": view.SiteID(), "data": v.Data(), "epoch": epoch}, a.text.Text("restore.done", v.Data(), epoch))
	return errors.Join(err, v.Close())
}
