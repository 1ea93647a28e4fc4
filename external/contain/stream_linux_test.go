package contain

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
)

func TestStream(t *testing.T) {
	want := bytes.Repeat([]byte("frame"), 1000)
	in := bytes.NewReader(want)
	var got []byte
	complained, err := hostileProgram(t, "copy").Stream(background(t), in, int64(len(want)), func(r io.Reader) (err error) {
		got, err = io.ReadAll(r)
		return err
	})
	if err != nil || complained || !bytes.Equal(got, want) {
		t.Errorf("all of it: %d bytes, complained %v, %v", len(got), complained, err)
	}
	own := errors.New("no frame")
	for name, c := range map[string]struct {
		way  string
		use  func(io.Reader) error
		want error
	}{
		"enough":              {"endless", func(r io.Reader) error { _, err := io.CopyN(io.Discard, r, 1000); return err }, nil},
		"nothing wanted":      {"endless", func(io.Reader) error { return nil }, nil},
		"the user fails":      {"endless", func(io.Reader) error { return own }, own},
		"the user fails late": {"copy", func(r io.Reader) error { io.Copy(io.Discard, r); return own }, own},
		"too much":            {"endless", func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }, ErrOutput},
	} {
		start := time.Now()
		_, err := hostileProgram(t, c.way).Stream(background(t), bytes.NewReader(nil), 0, c.use)
		if !errors.Is(err, c.want) || time.Since(start) > 10*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(start))
		}
	}
	var failed *Failure
	_, err = hostileProgram(t, "fail").Stream(background(t), bytes.NewReader(nil), 0, func(r io.Reader) error {
		io.Copy(io.Discard, r)
		return own
	})
	if !errors.As(err, &failed) {
		t.Errorf("the program fails first: %v", err)
	}
	p := hostileProgram(t, "complain")
	p.Limits.Wall = time.Second
	complained, err = p.Stream(background(t), bytes.NewReader(nil), 0, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err })
	if !complained || !errors.Is(err, ErrTimeout) {
		t.Errorf("complaints: %v, %v", complained, err)
	}
}
