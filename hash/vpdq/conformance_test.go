package vpdq

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func conformance(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TUTELA_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("conformance data absent: set TUTELA_CONFORMANCE")
	}
	return filepath.Join(dir, "vpdq", name)
}

// reference returns the hashes of every frame of a clip.
func reference(t testing.TB, name string) []Frame {
	t.Helper()
	b, err := os.ReadFile(conformance(t, "reference/"+name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	fs, err := ReadText(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := WriteText(&again, fs); err != nil || !bytes.Equal(again.Bytes(), b) {
		t.Errorf("%s is not written as it was read (%v)", name, err)
	}
	return fs
}

// part is "all" or "frames A-B".
func part(t *testing.T, fs []Frame, name string) []Frame {
	if name == "all" {
		return fs
	}
	var from, to int
	if _, err := fmt.Sscanf(name, "frames %d-%d", &from, &to); err != nil {
		t.Fatal(err)
	}
	var out []Frame
	for _, f := range fs {
		if f.Number >= from && f.Number <= to {
			out = append(out, f)
		}
	}
	return out
}

// ends is how matches.csv writes the first and last matched second.
func ends(s Side) string {
	if len(s.Spans) == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f-%.3f", s.Spans[0].From, s.Spans[len(s.Spans)-1].To)
}

func TestConformanceMatches(t *testing.T) {
	f, err := os.Open(conformance(t, "matches.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 60 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows[1:] {
		step, _ := strconv.Atoi(r[4])
		q := Thin(part(t, reference(t, r[0]), r[1]), step)
		c := Thin(part(t, reference(t, r[2]), r[3]), step)
		got := Compare(q, c, Reference())
		text := func(n int) string { return strconv.Itoa(n) }
		share := func(p float64) string { return fmt.Sprintf("%.2f", p) }
		have := []string{text(got.Query.Frames), text(got.Compared.Frames), text(got.Query.Matched), text(got.Compared.Matched),
			share(got.Query.Percent()), share(got.Compared.Percent()), ends(got.Query), ends(got.Compared)}
		for i, v := range have {
			if v != r[5+i] {
				t.Errorf("%v: column %s is %s, want %s", r[:5], rows[0][5+i], v, r[5+i])
			}
		}
	}
}

// TestConformanceCut is a film and a cut of it, as the cut shifts which frames one
// frame a second takes.
func TestConformanceCut(t *testing.T) {
	short, long := reference(t, "chair-19-sd-bar"), reference(t, "chair-22-sd-grey-bar")
	sparse := Compare(Thin(short, 30), Thin(long, 30), Reference())
	if v := Standard().Judge(sparse); v != Promising {
		t.Errorf("at one frame a second: %s, %+v", v, sparse)
	}
	dense := Compare(short, long, Reference())
	if v := Standard().Judge(dense); v != SameShare {
		t.Errorf("with every frame: %s", v)
	}
	mixed := Compare(short, Thin(long, 30), Reference()) // a list has one frame a second
	if v := Standard().Judge(mixed); !v.Hit() {
		t.Errorf("every frame of the query alone: %s, %.0f%% and %.0f%%", v, mixed.Query.Percent(), mixed.Compared.Percent())
	}
	t.Logf("query alone: %.0f%% and %.0f%%, %.1f s on end", mixed.Query.Percent(), mixed.Compared.Percent(), mixed.Query.Longest())
	other := Compare(short, reference(t, "pattern-sd-grey-bar"), Reference())
	if v := Standard().Judge(other); v != Unrelated {
		t.Errorf("another film: %s", v)
	}
}
