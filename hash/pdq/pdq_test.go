package pdq

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
)

// vectors of our own pictures, computed once by a build that met the whole
// conformance table bit for bit. They hold on every processor.
var vectors = []struct {
	w, h, channels int
	seed           uint32
	pipeline       Pipeline
	hash           string
	quality        int
}{
	{5, 5, 3, 1, Ref512, "64d9348d9b26eb7296a531c8d4b5ce73695a94a564d9348d9b266b5a96a531cc", 56},
	{5, 5, 3, 1, Full, "64d9348d9b26eb7296a531c8d4b5ce73695a94a564d9348d9b266b5a96a531cc", 56},
	{64, 64, 3, 2, Ref512, "3259c138e2d1aab712af4cbc7149d4b5aaa9c69bdba73b29aaab2aaa05542d55", 100},
	{64, 64, 3, 2, Full, "3259c138e2d1aab712af4cbc7149d4b5aaa9c69bdba73b29aaab2aaa05542d55", 100},
	{63, 65, 1, 3, Ref512, "f75841b36d5f55daf5579face3541306955588a91ecba2aad059aaaaa00a9555", 100},
	{63, 65, 1, 3, Full, "f75841b36d5f55daf5579face3541306955588a91ecba2aad059aaaaa00a9555", 100},
	{128, 128, 3, 4, Ref512, "aad26ab45522994e75ba08441552baa4b74aef5477aa5554aaa9755396ad4b5b", 100},
	{128, 128, 3, 4, Full, "aad26ab45522994e75ba08441552baa4b74aef5477aa5554aaa9755396ad4b5b", 100},
	{129, 130, 3, 5, Ref512, "aa5c5598a350749aef5492a6ed7c55d2af5492aa5554aaa955533aa50a2bcead", 100},
	{129, 130, 3, 5, Full, "aa5c5598a350749aef5492a6ed7c55d2af5492aa5554aaa955533aa50a2bcead", 100},
	{512, 512, 3, 6, Ref512, "4abb8d805ab1ab805aba92a152aa55a0a9335663a94f52b7ad47527fad47527f", 100},
	{512, 512, 3, 6, Full, "4abb8d805ab1ab805aba92a152aa55a0a9335663a94f52b7ad47527fad47527f", 100},
	{513, 300, 3, 7, Ref512, "f7a36b71f4a16b7175b12a3a74a26a3274a36a31e4a38aaa54aab573aa439487", 100},
	{513, 300, 3, 7, Full, "f7a32b7174b16bb155b12b3274a22a3374a36a31e4a38a3a56aad573aa43d487", 100},
	{300, 700, 1, 8, Ref512, "55254d59d925cd5999251d59b165ab495a25b64948e5b3c9aaa5b3a95553b2a7", 100},
	{300, 700, 1, 8, Full, "55254d59c925cd5999251d59b165ab595a25b64948e5b3c9aaa5b3a95553b2a7", 100},
	{1031, 517, 3, 9, Ref512, "0807438758874387088343c7594753555d55cb8a9b8f338fe60facbfe73cbc78", 100},
	{1031, 517, 3, 9, Full, "0807438748074387080743c749c753c75d554b839b8f338fe60facbff73ebc78", 100},
	{96, 320, 3, 10, Ref512, "514742dd555faad590a7154dd6b855405497dd55a2a95555aaa98febaaa9a0aa", 100},
	{96, 320, 3, 10, Full, "514742dd555faad590a7154dd6b855405497dd55a2a95555aaa98febaaa9a0aa", 100},
}

func TestVectors(t *testing.T) {
	h := New()
	for _, v := range vectors {
		got, quality, err := h.Hash(picture(v.w, v.h, v.channels, v.seed), v.pipeline)
		if err != nil || got.String() != v.hash || quality != v.quality {
			t.Errorf("{%d, %d, %d, %d, %q, %q, %d}, // want %s %d %v", v.w, v.h, v.channels, v.seed, v.pipeline, got, quality, v.hash, v.quality, err)
		}
	}
}

// TestMatrix fixes every bit of the cosine matrix, the one place where the
// mathematical library of a machine takes part.
func TestMatrix(t *testing.T) {
	sum := sha256.New()
	for _, row := range New().dct {
		for _, v := range row {
			binary.Write(sum, binary.BigEndian, math.Float32bits(v))
		}
	}
	const want = "8866dd18c490fa3fcaf192554d0864ee946ea8394e23d262a6b2dad7e1e51dd7"
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("matrix has SHA-256 %s, want %s", got, want)
	}
}

func TestTextForm(t *testing.T) {
	const text = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
	h, err := Parse(strings.ToUpper(text))
	if err != nil || h.String() != text {
		t.Fatalf("got %v, %v", h, err)
	}
	b := h.Bytes()
	if back, err := FromBytes(b[:]); err != nil || back != h {
		t.Errorf("bytes came back as %v, %v", back, err)
	}
	for _, bad := range []string{"", text[1:], text + "0", strings.Replace(text, "f", "g", 1), " " + text[1:], text[:62] + "é"} {
		if got, err := Parse(bad); !errors.Is(err, ErrText) || got != (Hash{}) {
			t.Errorf("%q gave %v, %v", bad, got, err)
		}
	}
	if _, err := FromBytes(b[:31]); !errors.Is(err, ErrSize) {
		t.Errorf("31 bytes gave %v", err)
	}
}

func TestDistance(t *testing.T) {
	a, b := Hash{1, 0, 0, 1 << 63}, Hash{0, 3, 0, 1 << 63}
	if a.Distance(b) != 3 || b.Distance(a) != 3 || a.Distance(a) != 0 {
		t.Errorf("distances %d %d %d", a.Distance(b), b.Distance(a), a.Distance(a))
	}
	if d := (Hash{}).Distance(Hash{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}); d != Bits {
		t.Errorf("opposite hashes are %d apart", d)
	}
}

func TestTelling(t *testing.T) {
	ones := Hash{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	for _, h := range []Hash{{}, ones, Ramp()} {
		if h.Telling() {
			t.Errorf("%v passes as telling", h)
		}
	}
	h, _, err := New().Hash(picture(300, 200, 3, 4), Full)
	if err != nil || !h.Telling() {
		t.Errorf("%v of a picture does not pass: weight %d, %v", h, h.Weight(), err)
	}
	if Ramp().String() != "0007001f003f003f007f00ff00ff00ff01ff01ff01ff03ff03ff03ff03ff03ff" {
		t.Errorf("ramp is %v", Ramp())
	}
}

func TestRefusesImpossiblePictures(t *testing.T) {
	for _, m := range []Image{
		{}, {W: 8, H: 8, Channels: 3, Pix: make([]byte, 191)}, {W: 8, H: 8, Channels: 3, Pix: make([]byte, 193)},
		{W: 8, H: 8, Channels: 4, Pix: make([]byte, 256)}, {W: -8, H: -8, Channels: 1, Pix: make([]byte, 64)},
		{W: 8, H: 0, Channels: 1}, {W: math.MaxInt / 2, H: 4, Channels: 3, Pix: make([]byte, 12)},
	} {
		if h, q, err := New().Hash(m, Full); !errors.Is(err, ErrImage) || h != (Hash{}) || q != 0 {
			t.Errorf("%d×%d×%d gave %v %d %v", m.W, m.H, m.Channels, h, q, err)
		}
		if _, _, err := New().Dihedral(m, Full); !errors.Is(err, ErrImage) {
			t.Errorf("%d×%d×%d: dihedral gave %v", m.W, m.H, m.Channels, err)
		}
	}
	if _, _, err := New().Hash(picture(8, 8, 1, 1), "other"); !errors.Is(err, ErrImage) {
		t.Errorf("unknown pipeline gave %v", err)
	}
}

func TestSmallPicturesHaveNoHash(t *testing.T) {
	for _, s := range [][2]int{{4, 400}, {400, 4}, {1, 1}} {
		h, q, err := New().Hash(picture(s[0], s[1], 3, 1), Full)
		if err != nil || h != (Hash{}) || q != 0 {
			t.Errorf("%v gave %v %d %v", s, h, q, err)
		}
	}
}

func TestMirrorIsPredicted(t *testing.T) {
	h := New()
	m := picture(400, 300, 3, 5)
	turns, _, err := h.Dihedral(m, Full)
	if err != nil {
		t.Fatal(err)
	}
	real, _, err := h.Hash(mirrored(m), Full)
	if err != nil {
		t.Fatal(err)
	}
	if d := turns[FlipY].Distance(real); d > 18 {
		t.Errorf("predicted mirror is %d bits from the real one", d)
	}
	if d := turns[Original].Distance(real); d < 60 {
		t.Errorf("the mirrored picture is only %d bits away: the test shows nothing", d)
	}
	plain, _, _ := h.Hash(m, Full)
	if turns[Original] != plain {
		t.Errorf("original among the turns is %v, alone %v", turns[Original], plain)
	}
	if FlipMinus1.String() != "flip-1" || Turn(9).String() != "unknown" {
		t.Error("names of turns are wrong")
	}
}

func TestReuseChangesNothingAndAllocatesNothing(t *testing.T) {
	h := New()
	big, small := picture(700, 500, 3, 6), picture(90, 120, 1, 7)
	first, _, _ := h.Hash(small, Full)
	for _, m := range []Image{big, small} {
		if n := testing.AllocsPerRun(3, func() { h.Hash(m, Full); h.Hash(m, Ref512) }); n != 0 {
			t.Errorf("%d×%d: %v allocations", m.W, m.H, n)
		}
	}
	if again, _, _ := h.Hash(small, Full); again != first {
		t.Errorf("after other pictures %v, before %v", again, first)
	}
}

func BenchmarkHash512(b *testing.B) {
	h, m := New(), picture(512, 512, 3, 1)
	b.ReportAllocs()
	for b.Loop() {
		h.Hash(m, Full)
	}
}

func BenchmarkHash12MP(b *testing.B) {
	m := picture(4000, 3000, 3, 1)
	for _, p := range []Pipeline{Ref512, Full} {
		b.Run(string(p), func(b *testing.B) {
			h := New()
			for b.Loop() {
				h.Hash(m, p)
			}
		})
	}
}
