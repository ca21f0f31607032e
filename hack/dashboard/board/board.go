// Package board reads the dashboard of config/grafana: what of it is queried and drawn.
package board

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// File is the dashboard, below the root of the repository.
const File = "config/grafana/contact-operator.json"

// Board is a dashboard.
type Board struct {
	Title      string  `json:"title"`
	Panels     []Panel `json:"panels"`
	Templating struct {
		List []Variable `json:"list"`
	} `json:"templating"`
}

// Variable is what a person chooses above the panels.
type Variable struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Definition string `json:"definition"`
	AllValue   string `json:"allValue"`
}

// Panel is one picture.
type Panel struct {
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Position    Position `json:"gridPos"`
	Targets     []Target `json:"targets"`
	FieldConfig struct {
		Defaults  Field      `json:"defaults"`
		Overrides []Override `json:"overrides"`
	} `json:"fieldConfig"`
}

// Position on a grid of 24 columns.
type Position struct{ X, Y, W, H int }

// Target is one query.
type Target struct {
	RefID  string `json:"refId"`
	Expr   string `json:"expr"`
	Legend string `json:"legendFormat"`
}

// Field says how a value is shown.
type Field struct {
	Unit       string      `json:"unit"`
	Decimals   *int        `json:"decimals"`
	NoValue    string      `json:"noValue"`
	Max        *float64    `json:"max"`
	Mappings   []Mapping   `json:"mappings"`
	Thresholds *Thresholds `json:"thresholds"`
	Custom     struct {
		Stacking struct {
			Mode string `json:"mode"`
		} `json:"stacking"`
	} `json:"custom"`
}

// Mapping shows a text instead of a value.
type Mapping struct {
	Type    string          `json:"type"`
	Options json.RawMessage `json:"options"`
}

// Thresholds colour a value.
type Thresholds struct {
	Steps []struct {
		Color string   `json:"color"`
		Value *float64 `json:"value"`
	} `json:"steps"`
}

// Override changes the Field of one query.
type Override struct {
	Matcher struct {
		ID      string `json:"id"`
		Options string `json:"options"`
	} `json:"matcher"`
	Properties []struct {
		ID    string          `json:"id"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
}

// Read reads a dashboard.
func Read(path string) (*Board, error) {
	content, err := os.ReadFile(path) //nolint:gosec // of this repository
	if err != nil {
		return nil, err
	}
	var b Board
	if err := json.Unmarshal(content, &b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &b, nil
}

// Query is the expression of a target with everything chosen.
func (b *Board) Query(t Target) string {
	expr := t.Expr
	for _, v := range b.Templating.List {
		expr = strings.ReplaceAll(expr, "$"+v.Name, v.AllValue)
	}
	return expr
}
