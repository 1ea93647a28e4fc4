package vpdq

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestPack(t *testing.T) {
	fs := scenes(rand.New(rand.NewPCG(1, 1)), 30, 8, 3)
	fs[3].Number = -1
	b := Pack(fs)
	got, err := Unpack(b)
	if err != nil || !reflect.DeepEqual(got, fs) {
		t.Errorf("%d frames, %v", len(got), err)
	}
	if got, err := Unpack(Pack(nil)); err != nil || len(got) != 0 {
		t.Errorf("no frames: %v, %v", got, err)
	}
	bad := bytes.Clone(b)
	bad[len(packedHead)+8] = 101
	for name, b := range map[string][]byte{"nothing": nil, "another head": append([]byte("vpdq2"), b[5:]...), "cut": b[:len(b)-1], "quality 101": bad} {
		if _, err := Unpack(b); err != ErrPacked {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(Pack(scenes(rand.New(rand.NewPCG(1, 1)), 2, 2, 3)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if fs, err := Unpack(b); err == nil && !bytes.Equal(Pack(fs), b) {
			t.Error("not the same when packed again")
		}
	})
}
