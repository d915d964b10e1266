package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryMutantFitsTheCode(t *testing.T) {
	t.Parallel()
	root, err := findRoot()
	require.NoError(t, err)
	for _, m := range mutants() {
		_, err := m.overlay(root, t.TempDir())
		require.NoError(t, err, m.name)
	}
}
