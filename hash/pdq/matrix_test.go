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
