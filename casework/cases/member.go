package cases

import (
	"context"

	"tutela/casework/staff"
	"tutela/fault"
	"tutela/vault/db"
)

// Member is an officer's entitlement to a case. The rows of a case follow it
// here; its content follows the wrapped case key (vault/keys).
type Member struct {
	Case    ID
	Officer staff.ID
	Since   int64 // microseconds UTC
	Until   int64 // microseconds UTC; 0 = still entitled
}

// PutMembers entitles officers to cases, or ends it with Until.
func PutMembers(ctx context.Context, w *db.Writer, ms ...Member) error {
	rows := make([]db.Row, 0, len(ms))
	for _, m := range ms {
		if m.Case == "" || m.Officer == "" {
			return fault.New(fault.Invalid, "cases: a member needs case and officer")
		}
		if m.Until != 0 && m.Until < m.Since {
			return fault.New(fault.Invalid, "cases: an entitlement ends before it starts")
		}
		rows = append(rows, m.row())
	}
	return w.Put(ctx, memberTable, rows...)
}

// Members lists who is or was entitled to a case.
func Members(ctx context.Context, q db.Queryer, c ID) ([]Member, error) {
	return db.Collect(ctx, q, scanMember, selectMember+" WHERE case_id = ?1 ORDER BY since_us, officer", string(c))
}

// Check returns a Refused error unless the officer is active and entitled to
// the case.
func Check(ctx context.Context, q db.Queryer, c ID, officer staff.ID) error {
	if err := staff.Require(ctx, q, officer, staff.Roles()...); err != nil {
		return err
	}
	_, ok, err := db.One(ctx, q, scanMember,
		selectMember+" WHERE case_id = ?1 AND officer = ?2 AND until_us = 0", string(c), string(officer))
	if err == nil && !ok {
		err = fault.Hint(fault.New(fault.Refused, "cases: officer %s is not entitled to case %s", officer, c),
			"an officer of the case can entitle others")
	}
	return err
}
