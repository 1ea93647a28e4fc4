package staff

import (
	"context"
	"slices"
	"strings"

	"tutela/fault"
	"tutela/vault/db"
)

// ID identifies an officer: the SSH fingerprint "SHA256:…" of the officer's
// Ed25519 public key, as in keys.Public.ID.
type ID string

// Role is what an officer may do.
type Role string

// The roles. None contains another: an admin keeps the site but opens no case.
const (
	Investigator Role = "investigator" // works on cases, proposes referrals
	Examiner     Role = "examiner"     // seals and reads exhibits
	Supervisor   Role = "supervisor"   // approves referrals, decides on erasure
	Auditor      Role = "auditor"      // reads the log, changes nothing
	Liaison      Role = "liaison"      // keeps the directory, sends and receives
	Admin        Role = "admin"        // adds officers, keys and lists
)

// Roles returns every role in its usual order.
func Roles() []Role {
	return []Role{Investigator, Examiner, Supervisor, Auditor, Liaison, Admin}
}

// State of an officer or an agency.
type State string

// The states.
const (
	Active    State = "active"
	Suspended State = "suspended" // may do nothing; what was done stays
)

// Officer is somebody who can act: a key, a name and roles.
type Officer struct {
	ID    ID
	Name  string
	Roles []Role // sorted, without doubles
	State State
	Since int64 // microseconds UTC
}

// Has reports whether the officer is active and has the role.
func (o Officer) Has(r Role) bool { return o.State == Active && slices.Contains(o.Roles, r) }

// ParseRoles reads roles separated by commas or blanks. It returns an Invalid
// error for a word that is no role, and for none at all.
func ParseRoles(s string) ([]Role, error) {
	var roles []Role
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		r := Role(strings.ToLower(w))
		if !slices.Contains(Roles(), r) {
			return nil, fault.Hint(fault.New(fault.Invalid, "staff: %q is not a role", w),
				"roles are investigator, examiner, supervisor, auditor, liaison and admin")
		}
		roles = append(roles, r)
	}
	if len(roles) == 0 {
		return nil, fault.New(fault.Invalid, "staff: no role given")
	}
	slices.Sort(roles)
	return slices.Compact(roles), nil
}

// Check reports as an Invalid error what an officer's record lacks.
func (o Officer) Check() error {
	switch {
	case !strings.HasPrefix(string(o.ID), "SHA256:"):
		return fault.New(fault.Invalid, "staff: officer id is not an SSH key fingerprint")
	case strings.TrimSpace(o.Name) == "":
		return fault.New(fault.Invalid, "staff: an officer needs a name")
	case len(o.Roles) == 0:
		return fault.New(fault.Invalid, "staff: an officer needs at least one role")
	case o.State != Active && o.State != Suspended:
		return fault.New(fault.Invalid, "staff: officer state %q is unknown", string(o.State))
	}
	for _, r := range o.Roles {
		if !slices.Contains(Roles(), r) {
			return fault.New(fault.Invalid, "staff: %q is not a role", string(r))
		}
	}
	return nil
}

// PutOfficers adds officers or replaces their records.
func PutOfficers(ctx context.Context, w *db.Writer, os ...Officer) error {
	rows := make([]db.Row, 0, len(os))
	for _, o := range os {
		if err := o.Check(); err != nil {
			return err
		}
		rows = append(rows, o.row())
	}
	return w.Put(ctx, officerTable, rows...)
}

// Officers lists the officers by name.
func Officers(ctx context.Context, q db.Queryer) ([]Officer, error) {
	return db.Collect(ctx, q, scanOfficer, selectOfficer+" ORDER BY name, id")
}

// Find returns one officer by id, or a NotFound error.
func Find(ctx context.Context, q db.Queryer, id ID) (Officer, error) {
	o, ok, err := db.One(ctx, q, scanOfficer, selectOfficer+" WHERE id = ?1", string(id))
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "staff: no officer has the key %s", id)
	}
	return o, err
}

// Require returns a Refused error unless the officer is known, active and has
// at least one of the roles.
func Require(ctx context.Context, q db.Queryer, id ID, anyOf ...Role) error {
	o, err := Find(ctx, q, id)
	if fault.KindOf(err) == fault.NotFound {
		return fault.Hint(fault.New(fault.Refused, "staff: the key %s belongs to no officer", id),
			"an admin adds officers with: tutela officer add")
	}
	if err != nil {
		return err
	}
	if o.State != Active {
		return fault.New(fault.Refused, "staff: officer %s is suspended", id)
	}
	for _, r := range anyOf {
		if o.Has(r) {
			return nil
		}
	}
	return fault.Hint(fault.New(fault.Refused, "staff: officer %s has none of the roles needed (%s)", id, joinRoles(anyOf)),
		"an admin can change roles with: tutela officer add --role")
}

// Suspend takes every right from an officer; what the officer did stays.
func Suspend(ctx context.Context, w *db.Writer, id ID) error {
	o, err := Find(ctx, w, id)
	if err != nil {
		return err
	}
	o.State = Suspended
	return PutOfficers(ctx, w, o)
}

func joinRoles(rs []Role) string {
	s := make([]string, len(rs))
	for i, r := range rs {
		s[i] = string(r)
	}
	return strings.Join(s, ", ")
}
