package decoder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"tutela/external/contain"
)

// Film stands in Decoder.Formats for films of every kind.
const Film = "film"

// Stream is what a film says of its first moving pictures; pictures that are
// attached, such as a cover, are none.
type Stream struct {
	Codec         string
	Width, Height int     // as stored
	Rate          float64 // frames a second on average; 0 where it is not known
	Variable      bool    // the frames do not come at one rate
	Rotation      int     // degrees clockwise by which a player turns the film, 0 to 359; Frames does not
	Seconds       float64 // that the film says it lasts; 0 where it says nothing
}

// ErrNoStream says that there are no moving pictures in a file.
var ErrNoStream = errors.New("decoder: no moving pictures in the file")

const (
	maxThreads = 4 // of one film; each holds frames
	filmWall   = 40 * time.Minute
	filmCPU    = 80 * time.Minute
	maxFilm    = 4 << 30 // bytes; the contained program has them in memory
	maxSeconds = 1e7     // that a film is believed to last
)

// source are the arguments that name the input: this one file, whatever it says.
func source() []string {
	return []string{"-hide_banner", "-v", "error", "-protocol_whitelist", "file", "-i", "file:" + contain.In}
}

func (d Decoder) tool(path string, args []string) contain.Program {
	return contain.Program{Path: path, Args: args,
		Limits: contain.Limits{Input: maxFilm, Output: 1 << 50, CPU: filmCPU, Wall: filmWall}}
}

// Look asks ffprobe, which comes with ffmpeg, for the stream of a film. The error
// is ErrNoStream, or one of contain.Program.Run.
func (d Decoder) Look(ctx context.Context, in io.ReaderAt, size int64) (Stream, error) {
	path, err := exec.LookPath(filepath.Join(filepath.Dir(d.Path), "ffprobe"))
	if err != nil {
		return Stream{}, fmt.Errorf("decoder: %w", err)
	}
	p := d.tool(path, append(source(), "-select_streams", "V:0", "-of", "json", "-show_entries",
		"stream=codec_name,width,height,avg_frame_rate,r_frame_rate,duration:stream_side_data=rotation:stream_tags=rotate:format=duration"))
	p.Limits = contain.Limits{Input: maxFilm, Output: 1 << 20, Wall: time.Minute, CPU: time.Minute}
	out, err := p.Run(ctx, in, size)
	var own *contain.Failure
	if err != nil && !(errors.As(err, &own) && len(out) > 0) {
		return Stream{}, err
	}
	return readStream(out, err)
}

// readStream reads the answer of ffprobe, which is as hostile as the film.
func readStream(out []byte, failed error) (Stream, error) {
	var said struct {
		Streams []struct {
			Codec    string `json:"codec_name"`
			Width    int    `json:"width"`
			Height   int    `json:"height"`
			Average  string `json:"avg_frame_rate"`
			Real     string `json:"r_frame_rate"`
			Duration string `json:"duration"`
			Tags     struct {
				Rotate string `json:"rotate"`
			} `json:"tags"`
			Sides []struct {
				Rotation float64 `json:"rotation"`
			} `json:"side_data_list"`
		} `json:"streams"`
		Format struct {
			Duration string `json:"duration"`
		} `json:"format"`
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return Stream{}, &contain.Failure{Op: "ffprobe", Text: "its answer is not what it should be"}
	}
	if len(said.Streams) == 0 {
		if failed != nil {
			return Stream{}, failed
		}
		return Stream{}, ErrNoStream
	}
	f := said.Streams[0]
	s := Stream{Codec: plain(f.Codec), Width: f.Width, Height: f.Height, Rate: ratio(f.Average), Seconds: seconds(f.Duration)}
	base := ratio(f.Real)
	if s.Rate == 0 {
		s.Rate = base
	}
	s.Variable = base > 0 && (s.Rate < 0.98*base || s.Rate > 1.02*base)
	if s.Seconds == 0 {
		s.Seconds = seconds(said.Format.Duration)
	}
	turn, _ := strconv.Atoi(f.Tags.Rotate)
	for _, side := range f.Sides {
		if side.Rotation >= -360 && side.Rotation <= 360 && side.Rotation != 0 {
			turn = -int(side.Rotation) // counted the other way round
		}
	}
	s.Rotation = (turn%360 + 360) % 360
	return s, nil
}

// plain lets only the letters of names of codecs through.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, s[:min(len(s), 32)])
}

// ratio reads a rate of frames, 0 for what is none.
func ratio(s string) float64 {
	over, under, _ := strings.Cut(s, "/")
	a, _ := strconv.ParseFloat(over, 64)
	b, _ := strconv.ParseFloat(under, 64)
	if r := a / b; r > 0 && r < 100_000 {
		return r
	}
	return 0
}

func seconds(s string) float64 {
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > 0 && f < maxSeconds {
		return f
	}
	return 0
}

// Frames decodes a film. Every every-th frame, from the first one on and at most
// most of them, is written at its own size and not turned, as one binary PPM
// picture (P6) after the other, for use to read while the film is decoded.
// Chroma is scaled by ffmpeg's default (bicubic). complained says that something
// in the film is damaged; errors are those of contain.Program.Stream.
func (d Decoder) Frames(ctx context.Context, in io.ReaderAt, size int64, every, most int, use func(io.Reader) error) (complained bool, err error) {
	threads := strconv.Itoa(min(runtime.NumCPU(), maxThreads))
	args := append([]string{"-nostdin", "-noautorotate", "-threads", threads}, source()...)
	args = append(args, "-map", "0:V:0", "-vf", fmt.Sprintf(`select=not(mod(n\,%d))`, max(every, 1)), "-frames:v", strconv.Itoa(most),
		"-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "ppm", "-threads", "1", "pipe:1")
	return d.tool(d.Path, args).Stream(ctx, in, size, use)
}
