package contain

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
)

func TestFrameRoundTrip(t *testing.T) {
	for _, size := range []int{0, 1, mib, 2*mib + 1} {
		var b bytes.Buffer
		want := bytes.Repeat([]byte{7}, size)
		if err := writeFrame(&b, kindAnswer, want); err != nil {
			t.Fatal(err)
		}
		kind, got, err := readFrame(&b, int64(size))
		if err != nil || kind != kindAnswer || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: kind %c, %d bytes, %v", size, kind, len(got), err)
		}
	}
}

func TestDamagedFrames(t *testing.T) {
	whole := func() []byte {
		var b bytes.Buffer
		writeFrame(&b, kindAnswer, []byte("answer"))
		return b.Bytes()
	}()
	for cut := range len(whole) {
		want := io.ErrUnexpectedEOF
		if cut == 0 {
			want = io.EOF
		}
		if _, _, err := readFrame(bytes.NewReader(whole[:cut]), 100); err != want {
			t.Errorf("cut at %d: %v, want %v", cut, err, want)
		}
	}
	if _, _, err := readFrame(bytes.NewReader(whole), 5); !errors.Is(err, errOverlong) {
		t.Errorf("over the limit: %v", err)
	}
	// A frame that claims much and brings little costs little.
	claim := append([]byte{kindAnswer, 0, 0, 0, 0x40, 0, 0, 0, 0}, 1, 2, 3)
	perRead := testing.AllocsPerRun(3, func() {
		if _, _, err := readFrame(bytes.NewReader(claim), 1<<40); err == nil {
			t.Error("no error")
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	readFrame(bytes.NewReader(claim), 1<<40)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4*mib {
		t.Errorf("%d bytes in %v pieces for a claim", grown, perRead)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{kindAnswer, 0, 0, 0, 0, 0, 0, 0, 2, 'o', 'k'})
	f.Add([]byte{kindReady})
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, payload, err := readFrame(bytes.NewReader(b), mib)
		if err != nil {
			return
		}
		var again bytes.Buffer
		writeFrame(&again, kind, payload)
		if !bytes.HasPrefix(b, again.Bytes()) {
			t.Errorf("%x became %x", b, again.Bytes())
		}
	})
}

func FuzzReadRequest(f *testing.F) {
	good, _ := putRequest("digest", []byte("args"), 12)
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < requestHead {
			return
		}
		q, err := readRequest(b[:requestHead], bytes.NewReader(b[requestHead:]))
		if err != nil {
			return
		}
		again, err := putRequest(q.op, q.args, q.size)
		if err != nil || !bytes.HasPrefix(b, again) {
			t.Errorf("%x became %x, %v", b, again, err)
		}
	})
}
