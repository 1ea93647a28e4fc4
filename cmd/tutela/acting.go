package main

import (
	"io"
	"os"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault"
	"tutela/vault/audit"
	"tutela/vault/db"
)

// actAs runs an act that concerns no case by an officer with one of the roles.
func (a *app) actAs(v *vault.Vault, act audit.Act, fn func(*db.Writer) error, anyOf ...staff.Role) (audit.Receipt, error) {
	r, err := a.look(v, act.Verb, "", act.Object, act.Why)
	if err != nil {
		return audit.Receipt{}, err
	}
	if act.Role, err = a.role(v, r, anyOf...); err != nil {
		return audit.Receipt{}, fault.Hint(err, a.text.Text("hint.roles", joinRoles(anyOf)))
	}
	act.Why = a.why(act.Why)
	return v.Desk.Do(a.ctx, act, func(w *db.Writer) error {
		if err := staff.Require(a.ctx, w, staff.ID(v.Actor().KeyID()), staff.Role(act.Role)); err != nil {
			return err
		}
		return fn(w)
	})
}

// lookAs is look by an officer with one of the roles.
func (a *app) lookAs(v *vault.Vault, verb, object, why string, anyOf ...staff.Role) (*db.Reader, error) {
	r, err := a.look(v, verb, "", object, why)
	if err != nil {
		return nil, err
	}
	if _, err := a.role(v, r, anyOf...); err != nil {
		return nil, fault.Hint(err, a.text.Text("hint.roles", joinRoles(anyOf)))
	}
	return r, nil
}

// needReason refuses a decision without a reason of its own.
func (a *app) needReason() error {
	if blank(a.Why) {
		return fault.Hint(fault.New(fault.Invalid, "a decision needs a reason"), a.text.Text("hint.why"))
	}
	return nil
}

// write makes a new file with what fill writes; it never overwrites one, and
// leaves none behind when fill fails.
func writeFile(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return fault.New(fault.Refused, "%s is there already", path)
	}
	if err != nil {
		return fault.New(fault.Outside, "%w", err)
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		return nil
	}
	os.Remove(path)
	if fault.KindOf(err) == fault.Unknown {
		err = fault.New(fault.Outside, "%w", err)
	}
	return err
}

// writeBytes is writeFile for bytes at hand.
func writeBytes(path string, b []byte) error {
	return writeFile(path, func(w io.Writer) error { _, err := w.Write(b); return err })
}

// readText reads a small text file that the user named.
func readText(path string) ([]byte, error) {
	const most = 16 << 20
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, fault.New(fault.NotFound, "%w", err)
	}
	if err != nil {
		return nil, fault.New(fault.Outside, "%w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fault.New(fault.Outside, "%w", err)
	}
	if len(b) > most {
		return nil, fault.New(fault.Invalid, "%s is larger than %s", path, size(most))
	}
	return b, nil
}
