package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// points is how many there are in a curve at most.
const points = 120

// prometheus is asked for one stretch of time.
type prometheus struct {
	server string
	end    time.Time
	span   time.Duration
}

// curve is one series. A value that there is not is NaN.
type curve struct {
	Labels map[string]string
	Values []float64
}

// last is the newest value of a curve, NaN when there is none.
func (c curve) last() float64 {
	for i := len(c.Values) - 1; i >= 0; i-- {
		if !math.IsNaN(c.Values[i]) {
			return c.Values[i]
		}
	}
	return math.NaN()
}

// curves asks for a query over the whole stretch.
func (p prometheus) curves(ctx context.Context, query string) ([]curve, error) {
	step := p.span / points
	start := p.end.Add(-p.span)
	values := url.Values{
		"query": {query}, "start": {seconds(start)}, "end": {seconds(p.end)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', 3, 64)},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.server+"/api/v1/query_range?"+values.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Error string
		Data  struct {
			Result []struct {
				Metric map[string]string
				Values [][2]json.RawMessage
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s: %s", query, answer.Error)
	}
	var all []curve
	for _, series := range answer.Data.Result {
		c := curve{Labels: series.Metric, Values: make([]float64, points+1)}
		for i := range c.Values {
			c.Values[i] = math.NaN()
		}
		for _, pair := range series.Values {
			var at float64
			var text string
			if json.Unmarshal(pair[0], &at) != nil || json.Unmarshal(pair[1], &text) != nil {
				return nil, fmt.Errorf("%s: the answer holds no number", query)
			}
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, err
			}
			i := int(math.Round((at - float64(start.UnixMilli())/1000) / step.Seconds()))
			if i >= 0 && i <= points {
				c.Values[i] = value
			}
		}
		all = append(all, c)
	}
	return all, nil
}

func seconds(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
