package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestKindSurvivesWrapping(t *testing.T) {
	inner := New(Corrupt, "blob: open %s: %w", "abc", io.ErrUnexpectedEOF)
	outer := fmt.Errorf("exhibit: read: %w", inner)
	if KindOf(outer) != Corrupt {
		t.Errorf("kind = %v", KindOf(outer))
	}
	if !errors.Is(outer, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if got := outer.Error(); got != "exhibit: read: blob: open abc: unexpected EOF" {
		t.Errorf("text = %q", got)
	}
}

func TestOutermostKindWins(t *testing.T) {
	err := New(Refused, "seal: %w", New(NotFound, "no approval"))
	if KindOf(err) != Refused {
		t.Errorf("kind = %v", KindOf(err))
	}
}

func TestHint(t *testing.T) {
	if Hint(nil, "x") != nil {
		t.Error("a hint made an error out of nothing")
	}
	err := fmt.Errorf("outer: %w", Hint(New(Busy, "locked"), "wait for the other process"))
	if KindOf(err) != Busy || HintOf(err) != "wait for the other process" {
		t.Errorf("kind %v, hint %q", KindOf(err), HintOf(err))
	}
	if HintOf(io.EOF) != "" || HintOf(nil) != "" {
		t.Error("a plain error has a hint")
	}
}

func TestExitCodesAreDistinct(t *testing.T) {
	seen := map[int]Kind{}
	for k := Unknown; k <= Outside; k++ {
		if old, ok := seen[k.ExitCode()]; ok || k.ExitCode() == 0 {
			t.Errorf("%v: exit code %d is taken by %v or is success", k, k.ExitCode(), old)
		}
		seen[k.ExitCode()] = k
		if k != Unknown && k.String() == "unknown" {
			t.Errorf("kind %d has no name", k)
		}
	}
	if KindOf(errors.New("plain")) != Unknown {
		t.Error("a plain error has a kind")
	}
}
