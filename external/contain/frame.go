package contain

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame of the answer pipe: one byte of kind, the length of the payload as a
// 64-bit big-endian number, the payload.
const (
	kindReady   = 'R' // payload: the measures as JSON
	kindRefused = 'X' // payload: why the worker cannot be contained
	kindAnswer  = 'A' // payload: the answer of the op
	kindFailed  = 'F' // payload: the error text of the op
	frameHead   = 9
)

// A request on the control channel: length of the op's name and of its
// arguments (32 bits each), size of the input (64 bits), all big-endian; then
// the name and the arguments. The input is a sealed memory file sent along with
// the first byte on linux, and follows the arguments elsewhere.
const requestHead = 16

const (
	maxOpName = 256
	maxArgs   = 16 * mib
)

var errOverlong = errors.New("frame is longer than allowed")

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	head := make([]byte, frameHead)
	head[0] = kind
	binary.BigEndian.PutUint64(head[1:], uint64(len(payload)))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

// readFrame reads one frame of at most limit bytes of payload. It returns
// errOverlong, without reading on, when the frame says that it is longer.
func readFrame(r io.Reader, limit int64) (kind byte, payload []byte, err error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint64(head[1:])
	if n > uint64(limit) {
		return head[0], nil, errOverlong
	}
	// The length is the worker's word: memory follows the bytes that come.
	payload, err = readGrowing(r, int64(n))
	return head[0], payload, err
}

func readGrowing(r io.Reader, n int64) ([]byte, error) {
	const step = mib
	buf := make([]byte, 0, min(n, step))
	for int64(len(buf)) < n {
		want := min(n-int64(len(buf)), max(step, int64(len(buf))))
		at := len(buf)
		buf = append(buf, make([]byte, want)...)
		if _, err := io.ReadFull(r, buf[at:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return buf, nil
}

func putRequest(op string, args []byte, size int64) ([]byte, error) {
	if len(op) > maxOpName || len(args) > maxArgs {
		return nil, fmt.Errorf("name of %d bytes, arguments of %d bytes: too long", len(op), len(args))
	}
	b := make([]byte, requestHead, requestHead+len(op)+len(args))
	binary.BigEndian.PutUint32(b[0:], uint32(len(op)))
	binary.BigEndian.PutUint32(b[4:], uint32(len(args)))
	binary.BigEndian.PutUint64(b[8:], uint64(size))
	return append(append(b, op...), args...), nil
}

// request is what a worker is asked to do.
type request struct {
	op    string
	args  []byte
	in    io.ReaderAt
	size  int64
	close func()
}

// readRequest reads the part after the head.
func readRequest(head []byte, r io.Reader) (request, error) {
	nameLen, argsLen := binary.BigEndian.Uint32(head[0:]), binary.BigEndian.Uint32(head[4:])
	size := binary.BigEndian.Uint64(head[8:])
	if nameLen > maxOpName || argsLen > maxArgs || size > 1<<62 {
		return request{}, errors.New("malformed request")
	}
	rest := make([]byte, nameLen+argsLen)
	if _, err := io.ReadFull(r, rest); err != nil {
		return request{}, err
	}
	return request{op: string(rest[:nameLen]), args: rest[nameLen:], size: int64(size), close: func() {}}, nil
}
