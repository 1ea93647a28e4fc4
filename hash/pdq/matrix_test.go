package pdq

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"
)

// TestMatrix fixes every bit of the cosine matrix, the one place where the
// mathematical library of a machine takes part.
func TestMatrix(t *testing.T) {
	sum, h := sha256.New(), New()
	for i := range freqSide {
		for k := range blockSide {
			binary.Write(sum, binary.BigEndian, math.Float32bits(h.dct[i/4][k][i%4]))
		}
	}
	const want = "8866dd18c490fa3fcaf192554d0864ee946ea8394e23d262a6b2dad7e1e51dd7"
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("matrix has SHA-256 %s, want %s", got, want)
	}
}

// TestScaledIsTheQuotient: the product in float64 rounds as the division of the
// reference does, for every width of a window that a picture can have.
func TestScaledIsTheQuotient(t *testing.T) {
	s := uint32(1)
	for n := 1; n <= 1024; n++ {
		for range 2000 {
			s ^= s << 13
			s ^= s >> 17
			s ^= s << 5
			sum := math.Float32frombits(s&0x007fffff | 0x3f800000 + s>>31<<23*4)
			want := sum / float32(n)
			if got := scaled(sum, 1/float64(n)); got != want || scaled(sum, 1024/float64(n)) != want*1024 {
				t.Fatalf("%b / %d: got %b, want %b", sum, n, got, want)
			}
		}
	}
}
