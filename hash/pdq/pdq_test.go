package pdq_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"tutela/hash/pdq"
	"tutela/hash/pdq/pdqtest"
)

// vectors of our own pictures, computed once by a build that met the whole
// conformance table bit for bit. They hold on every processor.
var vectors = []struct {
	w, h, channels int
	seed           uint32
	pipeline       pdq.Pipeline
	hash           string
	quality        int
}{
	{5, 5, 3, 1, pdq.Ref512, "64d9348d9b26eb7296a531c8d4b5ce73695a94a564d9348d9b266b5a96a531cc", 56},
	{5, 5, 3, 1, pdq.Full, "64d9348d9b26eb7296a531c8d4b5ce73695a94a564d9348d9b266b5a96a531cc", 56},
	{64, 64, 3, 2, pdq.Ref512, "3259c138e2d1aab712af4cbc7149d4b5aaa9c69bdba73b29aaab2aaa05542d55", 100},
	{64, 64, 3, 2, pdq.Full, "3259c138e2d1aab712af4cbc7149d4b5aaa9c69bdba73b29aaab2aaa05542d55", 100},
	{63, 65, 1, 3, pdq.Ref512, "f75841b36d5f55daf5579face3541306955588a91ecba2aad059aaaaa00a9555", 100},
	{63, 65, 1, 3, pdq.Full, "f75841b36d5f55daf5579face3541306955588a91ecba2aad059aaaaa00a9555", 100},
	{128, 128, 3, 4, pdq.Ref512, "aad26ab45522994e75ba08441552baa4b74aef5477aa5554aaa9755396ad4b5b", 100},
	{128, 128, 3, 4, pdq.Full, "aad26ab45522994e75ba08441552baa4b74aef5477aa5554aaa9755396ad4b5b", 100},
	{129, 130, 3, 5, pdq.Ref512, "aa5c5598a350749aef5492a6ed7c55d2af5492aa5554aaa955533aa50a2bcead", 100},
	{129, 130, 3, 5, pdq.Full, "aa5c5598a350749aef5492a6ed7c55d2af5492aa5554aaa955533aa50a2bcead", 100},
	{512, 512, 3, 6, pdq.Ref512, "4abb8d805ab1ab805aba92a152aa55a0a9335663a94f52b7ad47527fad47527f", 100},
	{512, 512, 3, 6, pdq.Full, "4abb8d805ab1ab805aba92a152aa55a0a9335663a94f52b7ad47527fad47527f", 100},
	{513, 300, 3, 7, pdq.Ref512, "f7a36b71f4a16b7175b12a3a74a26a3274a36a31e4a38aaa54aab573aa439487", 100},
	{513, 300, 3, 7, pdq.Full, "f7a32b7174b16bb155b12b3274a22a3374a36a31e4a38a3a56aad573aa43d487", 100},
	{300, 700, 1, 8, pdq.Ref512, "55254d59d925cd5999251d59b165ab495a25b64948e5b3c9aaa5b3a95553b2a7", 100},
	{300, 700, 1, 8, pdq.Full, "55254d59c925cd5999251d59b165ab595a25b64948e5b3c9aaa5b3a95553b2a7", 100},
	{1031, 517, 3, 9, pdq.Ref512, "0807438758874387088343c7594753555d55cb8a9b8f338fe60facbfe73cbc78", 100},
	{1031, 517, 3, 9, pdq.Full, "0807438748074387080743c749c753c75d554b839b8f338fe60facbff73ebc78", 100},
	{96, 320, 3, 10, pdq.Ref512, "514742dd555faad590a7154dd6b855405497dd55a2a95555aaa98febaaa9a0aa", 100},
	{96, 320, 3, 10, pdq.Full, "514742dd555faad590a7154dd6b855405497dd55a2a95555aaa98febaaa9a0aa", 100},
}

func TestVectors(t *testing.T) {
	h := pdq.New()
	for _, v := range vectors {
		got, quality, err := h.Hash(pdqtest.Picture(v.w, v.h, v.channels, v.seed), v.pipeline)
		if err != nil || got.String() != v.hash || quality != v.quality {
			t.Errorf("{%d, %d, %d, %d, %q, %q, %d}, // want %s %d %v", v.w, v.h, v.channels, v.seed, v.pipeline, got, quality, v.hash, v.quality, err)
		}
	}
}

func TestTextForm(t *testing.T) {
	const text = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
	h, err := pdq.Parse(strings.ToUpper(text))
	if err != nil || h.String() != text {
		t.Fatalf("got %v, %v", h, err)
	}
	b := h.Bytes()
	if back, err := pdq.FromBytes(b[:]); err != nil || back != h {
		t.Errorf("bytes came back as %v, %v", back, err)
	}
	for _, bad := range []string{"", text[1:], text + "0", strings.Replace(text, "f", "g", 1), " " + text[1:], text[:62] + "é"} {
		if got, err := pdq.Parse(bad); !errors.Is(err, pdq.ErrText) || got != (pdq.Hash{}) {
			t.Errorf("%q gave %v, %v", bad, got, err)
		}
	}
	if _, err := pdq.FromBytes(b[:31]); !errors.Is(err, pdq.ErrSize) {
		t.Errorf("31 bytes gave %v", err)
	}
}

func TestDistance(t *testing.T) {
	a, b := pdq.Hash{1, 0, 0, 1 << 63}, pdq.Hash{0, 3, 0, 1 << 63}
	if a.Distance(b) != 3 || b.Distance(a) != 3 || a.Distance(a) != 0 {
		t.Errorf("distances %d %d %d", a.Distance(b), b.Distance(a), a.Distance(a))
	}
	if d := (pdq.Hash{}).Distance(pdq.Hash{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}); d != pdq.Bits {
		t.Errorf("opposite hashes are %d apart", d)
	}
}

func TestTelling(t *testing.T) {
	ones := pdq.Hash{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	for _, h := range []pdq.Hash{{}, ones, pdq.Ramp()} {
		if h.Telling() {
			t.Errorf("%v passes as telling", h)
		}
	}
	h, _, err := pdq.New().Hash(pdqtest.Picture(300, 200, 3, 4), pdq.Full)
	if err != nil || !h.Telling() {
		t.Errorf("%v of a picture does not pass: weight %d, %v", h, h.Weight(), err)
	}
	if pdq.Ramp().String() != "0007001f003f003f007f00ff00ff00ff01ff01ff01ff03ff03ff03ff03ff03ff" {
		t.Errorf("ramp is %v", pdq.Ramp())
	}
}

func TestRefusesImpossiblePictures(t *testing.T) {
	for _, m := range []pdq.Image{
		{}, {W: 8, H: 8, Channels: 3, Pix: make([]byte, 191)}, {W: 8, H: 8, Channels: 3, Pix: make([]byte, 193)},
		{W: 8, H: 8, Channels: 4, Pix: make([]byte, 256)}, {W: -8, H: -8, Channels: 1, Pix: make([]byte, 64)},
		{W: 8, H: 0, Channels: 1}, {W: math.MaxInt / 2, H: 4, Channels: 3, Pix: make([]byte, 12)},
	} {
		if h, q, err := pdq.New().Hash(m, pdq.Full); !errors.Is(err, pdq.ErrImage) || h != (pdq.Hash{}) || q != 0 {
			t.Errorf("%d×%d×%d gave %v %d %v", m.W, m.H, m.Channels, h, q, err)
		}
		if _, _, err := pdq.New().Dihedral(m, pdq.Full); !errors.Is(err, pdq.ErrImage) {
			t.Errorf("%d×%d×%d: dihedral gave %v", m.W, m.H, m.Channels, err)
		}
	}
	if _, _, err := pdq.New().Hash(pdqtest.Picture(8, 8, 1, 1), "other"); !errors.Is(err, pdq.ErrImage) {
		t.Errorf("unknown pipeline gave %v", err)
	}
}

func TestSmallPicturesHaveNoHash(t *testing.T) {
	for _, s := range [][2]int{{4, 400}, {400, 4}, {1, 1}} {
		h, q, err := pdq.New().Hash(pdqtest.Picture(s[0], s[1], 3, 1), pdq.Full)
		if err != nil || h != (pdq.Hash{}) || q != 0 {
			t.Errorf("%v gave %v %d %v", s, h, q, err)
		}
	}
}

func TestMirrorIsPredicted(t *testing.T) {
	h := pdq.New()
	m := pdqtest.Picture(400, 300, 3, 5)
	turns, _, err := h.Dihedral(m, pdq.Full)
	if err != nil {
		t.Fatal(err)
	}
	real, _, err := h.Hash(pdqtest.Mirrored(m), pdq.Full)
	if err != nil {
		t.Fatal(err)
	}
	if d := turns[pdq.FlipY].Distance(real); d > 18 {
		t.Errorf("predicted mirror is %d bits from the real one", d)
	}
	if d := turns[pdq.Original].Distance(real); d < 60 {
		t.Errorf("the mirrored picture is only %d bits away: the test shows nothing", d)
	}
	plain, _, _ := h.Hash(m, pdq.Full)
	if turns[pdq.Original] != plain {
		t.Errorf("original among the turns is %v, alone %v", turns[pdq.Original], plain)
	}
	if pdq.FlipMinus1.String() != "flip-1" || pdq.Turn(9).String() != "unknown" {
		t.Error("names of turns are wrong")
	}
}

func TestReuseChangesNothingAndAllocatesNothing(t *testing.T) {
	h := pdq.New()
	big, small := pdqtest.Picture(700, 500, 3, 6), pdqtest.Picture(90, 120, 1, 7)
	first, _, _ := h.Hash(small, pdq.Full)
	for _, m := range []pdq.Image{big, small} {
		if n := testing.AllocsPerRun(3, func() { h.Hash(m, pdq.Full); h.Hash(m, pdq.Ref512); h.Dihedral(m, pdq.Full) }); n != 0 {
			t.Errorf("%d×%d: %v allocations", m.W, m.H, n)
		}
	}
	tall, wide := pdqtest.Picture(20, 900, 3, 6), pdqtest.Picture(1200, 30, 3, 7)
	if n := testing.AllocsPerRun(3, func() { h.Hash(tall, pdq.Full); h.Hash(wide, pdq.Full); h.Hash(small, pdq.Full) }); n != 0 {
		t.Errorf("tall, wide and small in turn: %v allocations", n)
	}
	if again, _, _ := h.Hash(small, pdq.Full); again != first {
		t.Errorf("after other pictures %v, before %v", again, first)
	}
}

func BenchmarkHash512(b *testing.B) {
	h, m := pdq.New(), pdqtest.Picture(512, 512, 3, 1)
	b.ReportAllocs()
	for b.Loop() {
		h.Hash(m, pdq.Full)
	}
}

func BenchmarkHash12MP(b *testing.B) {
	m := pdqtest.Picture(4000, 3000, 3, 1)
	for _, p := range []pdq.Pipeline{pdq.Ref512, pdq.Full} {
		b.Run(string(p), func(b *testing.B) {
			h := pdq.New()
			for b.Loop() {
				h.Hash(m, p)
			}
		})
	}
}
