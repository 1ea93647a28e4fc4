package when

import (
	"testing"
	"time"
)

func TestRoundTrip(t *testing.T) {
	in := Time{Text: "3/4/25, 10:11", Wall: "2025-04-03T10:11", Precision: Minute,
		Other: "2025-03-04T10:11", Basis: "date order undecidable"}
	out, err := Parse(in.JSON())
	if err != nil || out != in {
		t.Errorf("got %+v, %v", out, err)
	}
	if (Time{}).JSON() != "" {
		t.Error("the zero time has a text")
	}
	if zero, err := Parse(""); err != nil || zero.Known() {
		t.Errorf("empty text gave %+v, %v", zero, err)
	}
	if _, err := Parse("{"); err == nil {
		t.Error("damaged text was accepted")
	}
}

func TestUnknownZoneHasNoUTC(t *testing.T) {
	if us, ok := (Time{Wall: "2025-04-03T10:11", Precision: Minute}).Micros(); ok {
		t.Errorf("a zone was invented: %d", us)
	}
}

func TestFromUTC(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 9, 10, 250_000_000, time.FixedZone("x", 3600))
	got := FromUTC(at, Milli)
	if got.Wall != "2026-11-23T07:09:10.25" || got.UTC != "2026-11-23T07:09:10.25Z" || got.Zone != "Z" {
		t.Errorf("got %+v", got)
	}
	if us, ok := got.Micros(); !ok || us != at.UnixMicro() {
		t.Errorf("Micros = %d, %v", us, ok)
	}
}
