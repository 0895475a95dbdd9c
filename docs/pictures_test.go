package docs_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The advance widths of DejaVu Sans and its bold, from the blank to the tilde, in 2048ths of the font's size. It is among the
// widest fonts that stand in for the sans-serif of a picture: what has room in it has room in the others.
// Source: the hmtx table of https://dejavu-fonts.github.io, release 2.37.
var advances = map[bool][]int{
	false: {651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087, 2048,
		1401, 1405, 1430, 1577, 1294, 1178, 1587, 1540, 604, 604, 1343, 1141, 1767, 1532, 1612, 1235, 1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024, 1024,
		1255, 1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298, 1253, 1300, 1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303, 690, 1303, 1716},
	true: {713, 934, 1067, 1716, 1425, 2052, 1786, 627, 936, 936, 1071, 1716, 778, 850, 778, 748, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 819, 819, 1716, 1716, 1716, 1188, 2048,
		1585, 1561, 1503, 1700, 1399, 1399, 1681, 1714, 762, 762, 1587, 1305, 2038, 1714, 1741, 1501, 1741, 1577, 1475, 1397, 1663, 1585, 2259, 1579, 1483, 1485, 936, 748, 936, 1716, 1024, 1024,
		1382, 1466, 1214, 1466, 1389, 891, 1466, 1458, 702, 702, 1362, 702, 2134, 1458, 1407, 1466, 1466, 1010, 1219, 979, 1458, 1335, 1892, 1321, 1335, 1192, 1458, 748, 1458, 1716},
}

// A box is a rectangle of a picture, or what is around a circle or a line of text.
type box struct {
	left, top, right, bottom float64
	what                     string
}

func (b box) has(x, y float64) bool {
	return b.left <= x && x <= b.right && b.top <= y && y <= b.bottom
}

func (b box) meets(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

func (b box) size() float64 { return (b.right - b.left) * (b.bottom - b.top) }

// room is how far a text stays from the sides of the box that it is in, and from circles beside it.
const room = 5

func (b box) room() float64 {
	if b.bottom-b.top < 20 {
		return 1 // a flow's number
	}
	return room
}

// TestPictures wants the text of each picture to have room, in a font that the author of the picture did not see.
func TestPictures(t *testing.T) {
	files, err := filepath.Glob("*.svg")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v: %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range crowded(t, string(text)) {
			t.Errorf("%s: %s", file, wrong)
		}
	}
	narrow := `<svg><style>text { font-family: x, sans-serif; font-size: 12px }</style><rect x="0" y="0" width="60" height="20"/><text x="4" y="14">Availability Zone</text></svg>`
	if wrong := crowded(t, narrow); len(wrong) != 1 {
		t.Errorf("a text that is wider than its box: %q", wrong)
	}
}

// crowded tells which texts do not fit into the smallest box that they begin, or have their middle, in, and which lie on another
// text, a circle or a box that they are not in.
func crowded(t *testing.T, svg string) (wrong []string) {
	t.Helper()
	rules := styles(svg)
	if !strings.Contains(rules["text"]["font-family"], "sans-serif") {
		wrong = append(wrong, "no generic font family")
	}
	type shift struct{ x, y float64 }
	var boxes, rounds, texts []box
	var anchors []shift
	at, classes := []shift{{}}, [][]string{nil}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			at, classes = at[:len(at)-1], classes[:len(classes)-1]
		case xml.StartElement:
			a := map[string]string{}
			for _, attr := range e.Attr {
				a[attr.Name.Local] = attr.Value
			}
			num := func(name string) float64 { f, _ := strconv.ParseFloat(a[name], 64); return f }
			here := at[len(at)-1]
			if m := translate.FindStringSubmatch(a["transform"]); m != nil {
				x, _ := strconv.ParseFloat(m[1], 64)
				y, _ := strconv.ParseFloat(m[2], 64)
				here = shift{here.x + x, here.y + y}
			}
			at, classes = append(at, here), append(classes, strings.Fields(a["class"]))
			x, y := here.x+num("x"), here.y+num("y")
			switch e.Name.Local {
			case "rect":
				boxes = append(boxes, box{x, y, x + num("width"), y + num("height"), "a box"})
			case "circle":
				x, y, r := here.x+num("cx"), here.y+num("cy"), num("r")
				rounds = append(rounds, box{x - r, y - r, x + r, y + r, "a circle"})
			case "text":
				var s struct {
					Text string `xml:",chardata"`
				}
				if err := d.DecodeElement(&s, &e); err != nil {
					t.Fatal(err)
				}
				style := styleOf(rules, classes)
				at, classes = at[:len(at)-1], classes[:len(classes)-1]
				size, _ := strconv.ParseFloat(strings.TrimSuffix(style["font-size"], "px"), 64)
				w := width(s.Text, size, style["font-weight"] == "600")
				anchors = append(anchors, shift{x, y})
				if style["text-anchor"] == "middle" {
					x -= w / 2
				}
				texts = append(texts, box{x, y - 0.76*size, x + w, y + 0.24*size, fmt.Sprintf("%q", s.Text)})
			}
		}
	}
	for i, text := range texts {
		own := slices.IndexFunc(rounds, func(r box) bool { return r.has(anchors[i].x, anchors[i].y) })
		for k, r := range rounds {
			switch {
			case k == own && text.right-text.left > r.right-r.left-2:
				wrong = append(wrong, text.what+" is wider than its circle")
			case k != own && own < 0 && r.meets(box{text.left - room, text.top, text.right + room, text.bottom, ""}):
				wrong = append(wrong, fmt.Sprintf("%s lies on a circle at %.0f, %.0f, or has no room before it", text.what, r.left, r.top))
			}
		}
		if own >= 0 {
			continue
		}
		in := -1 // the smallest box; what is drawn after it is above it
		for k, b := range boxes {
			if b.has(anchors[i].x, anchors[i].y) && (in < 0 || b.size() < boxes[in].size()) {
				in = k
			}
		}
		if in >= 0 {
			b := boxes[in]
			if over := max(b.left+b.room()-text.left, text.right+b.room()-b.right); over > 0 {
				wrong = append(wrong, fmt.Sprintf("%s needs %.1f more in its box", text.what, over))
			}
		}
		for _, b := range boxes[in+1:] {
			if text.meets(b) && !b.has(anchors[i].x, anchors[i].y) {
				wrong = append(wrong, fmt.Sprintf("%s lies on a box at %.0f, %.0f", text.what, b.left, b.top))
			}
		}
		for _, other := range texts[i+1:] {
			if text.meets(box{other.left - room, other.top, other.right + room, other.bottom, ""}) {
				wrong = append(wrong, text.what+" lies on "+other.what+", or has no room beside it")
			}
		}
	}
	return wrong
}

var (
	translate = regexp.MustCompile(`^translate\(([-\d.]+)[ ,]+([-\d.]+)\)$`)
	styleRule = regexp.MustCompile(`(?m)^\s*([^{}<>]+?)\s*\{([^}]*)\}|<style>([^{}<>]+?)\s*\{([^}]*)\}`)
)

// styles are a picture's rules by their selector: text, .name, .num text.
func styles(svg string) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, m := range styleRule.FindAllStringSubmatch(svg, -1) {
		for _, selector := range strings.Split(m[1]+m[3], ",") {
			selector = strings.TrimSpace(selector)
			if out[selector] == nil {
				out[selector] = map[string]string{}
			}
			for _, d := range strings.Split(m[2]+m[4], ";") {
				if name, value, ok := strings.Cut(d, ":"); ok {
					out[selector][strings.TrimSpace(name)] = strings.TrimSpace(value)
				}
			}
		}
	}
	return out
}

// styleOf is a text's style, by its own classes and those of the groups around it.
func styleOf(rules map[string]map[string]string, classes [][]string) map[string]string {
	out := map[string]string{}
	add := func(selector string) {
		for name, value := range rules[selector] {
			out[name] = value
		}
	}
	add("text")
	for _, group := range classes[:len(classes)-1] {
		for _, c := range group {
			add("." + c + " text")
		}
	}
	for _, c := range classes[len(classes)-1] {
		add("." + c)
	}
	return out
}

// width is that of a text in DejaVu Sans. What the table has not is as wide as an arrow.
func width(s string, size float64, bold bool) float64 {
	w := 0
	for _, r := range s {
		switch i := int(r) - ' '; {
		case r == '’':
			w += advances[bold]['\''-' '] + 100
		case i >= 0 && i < len(advances[bold]):
			w += advances[bold][i]
		default:
			w += 1716
		}
	}
	return float64(w) * size / 2048
}
