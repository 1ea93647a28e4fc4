package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tutela/fault"
	"tutela/phrase"
	"tutela/pipeline"
	"tutela/vault/jobs"
)

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("plain"), 1},
		{fault.New(fault.Invalid, "x"), 2}, {fault.New(fault.NotFound, "x"), 3},
		{fmt.Errorf("outer: %w", fault.New(fault.Refused, "x")), 4},
		{fault.New(fault.Corrupt, "x"), 5}, {fault.New(fault.Busy, "x"), 6}, {fault.New(fault.Outside, "x"), 7},
		{status{exitAltered}, 10}, {fmt.Errorf("v: %w", status{exitUnknownSigner}), 11},
		{fmt.Errorf("work: %w", context.Canceled), 130},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit %d, want %d", c.err, got, c.want)
		}
	}
}

func TestReportEndsWithHint(t *testing.T) {
	var b bytes.Buffer
	report(&b, phrase.For("en"), fault.Hint(fault.New(fault.Refused, "seal: not approved"), "ask a second officer"))
	if b.String() != "error: seal: not approved\nhint: ask a second officer\n" {
		t.Errorf("got %q", b.String())
	}
	b.Reset()
	report(&b, phrase.For("en"), status{exitAltered})
	if b.Len() != 0 {
		t.Errorf("a status was reported as a failure: %q", b.String())
	}
}

type row struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

func TestTable(t *testing.T) {
	cols := []column[row]{{"NAME", func(r row) string { return r.Name }}, {"N", func(r row) string { return fmt.Sprint(r.N) }}}
	rows := []row{{"añil", 1}, {"b\x1b[2J\u202ec", 22}}
	var b bytes.Buffer
	if err := table(&printer{out: &b}, rows, cols...); err != nil {
		t.Fatal(err)
	}
	if want := "NAME    N\nañil    1\nb␣[2Jc  22\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	b.Reset()
	if err := table(&printer{out: &b, json: true}, rows[:1], cols...); err != nil {
		t.Fatal(err)
	}
	if b.String() != `{"name":"añil","n":1}`+"\n" {
		t.Errorf("got %q", b.String())
	}
}

func TestMeter(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	m := &meter{w: &b, c: phrase.For("en"), now: func() time.Time { return now }}
	p := pipeline.Progress{Stage: "seal", Files: 3, Bytes: 3 << 20, PerSecond: 1 << 20, SecondsLeft: 61, Jobs: jobs.Counts{Waiting: 2}}
	m.show(p)
	if b.Len() != 0 {
		t.Errorf("short work printed %q", b.String())
	}
	now = now.Add(11 * time.Second)
	m.show(p)
	if want := "sealing: 3 files, 3.0 MiB, 1.0 MiB/s, 1m1s left, 2 jobs open\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	b.Reset()
	m.terminal = true
	now = now.Add(time.Second)
	m.show(p)
	m.done()
	if !strings.HasPrefix(b.String(), "\r\x1b[K") || !strings.HasSuffix(b.String(), "\r\x1b[K") {
		t.Errorf("got %q", b.String())
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 8 << 40: "8.0 TiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}
