package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"

	"tutela/fault"
)

func TestClassify(t *testing.T) {
	pg := func(code string) error { return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, Message: "m"}) }
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{pg("25006"), fault.Refused},
		{pg("40001"), fault.Busy},
		{pg("40P01"), fault.Busy},
		{pg("23505"), fault.Invalid},
		{pg("42P01"), fault.Invalid},
		{pg("XX001"), fault.Corrupt},
		{pg("53100"), fault.Outside},
		{pg(""), fault.Outside},
		{sqlite3.READONLY, fault.Refused},
		{sqlite3.BUSY, fault.Busy},
		{sqlite3.NOTADB, fault.Corrupt},
		{sqlite3.CONSTRAINT, fault.Invalid},
		{sqlite3.FULL, fault.Outside},
		{errors.New("other"), fault.Outside},
		{fault.New(fault.NotFound, "kept"), fault.NotFound},
	} {
		err := Classify(t.Context(), "op", c.err)
		if fault.KindOf(err) != c.want {
			t.Errorf("%v: %v, want %v", c.err, fault.KindOf(err), c.want)
		}
	}
	if Classify(t.Context(), "op", nil) != nil {
		t.Error("an error out of nothing")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Classify(gone, "op", sqlite3.INTERRUPT); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
}

// TestErrorsTellNoValues makes both engines complain about a value.
func TestErrorsTellNoValues(t *testing.T) {
	for _, err := range []error{
		&pgconn.PgError{Code: "22P02", Message: `invalid input syntax for type bigint: "canary"`},
		&pgconn.PgError{Code: "23505", Message: "duplicate key", Detail: "Key (name)=(canary) already exists."},
		errors.New(`sql: Scan error on column index 0, name "x": converting driver.Value type string ("canary") to a int64: invalid syntax`),
	} {
		if text := Classify(t.Context(), "op", err).Error(); strings.Contains(text, "canary") {
			t.Errorf("the error tells the value: %s", text)
		}
	}
}
