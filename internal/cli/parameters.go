package cli

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

// readParameters reads the values of parameters from a file: {NAME: VALUE}, the AWS CLI's list of ParameterKey and ParameterValue, or
// CodePipeline's template configuration, {"Parameters": {NAME: VALUE}}.
func readParameters(name string) (map[string]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("-parameters: %w", err)
	}
	var list []struct {
		Key   string  `yaml:"ParameterKey"`
		Value *string `yaml:"ParameterValue"`
	}
	out := map[string]string{}
	if err := yaml.Unmarshal(data, &list); err == nil {
		for i, p := range list {
			if p.Key == "" || p.Value == nil {
				return nil, fmt.Errorf("-parameters %s: item %d: want a ParameterKey and a ParameterValue", name, i+1)
			}
			out[p.Key] = *p.Value
		}
		return out, nil
	}
	var config struct {
		Parameters map[string]yaml.Node `yaml:"Parameters"`
	}
	var plain map[string]yaml.Node
	if err := yaml.Unmarshal(data, &plain); err != nil {
		return nil, fmt.Errorf("-parameters %s: want JSON or YAML, a map of values or a list of ParameterKey and ParameterValue: %w", name, err)
	}
	if n, ok := plain["Parameters"]; ok && n.Kind == yaml.MappingNode {
		if err := yaml.Unmarshal(data, &config); err != nil {
			return nil, fmt.Errorf("-parameters %s: %w", name, err)
		}
		plain = config.Parameters
	}
	for key, v := range plain {
		if v.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("-parameters %s: %s is no text: lists are written with commas between", name, key)
		}
		out[key] = v.Value
	}
	return out, nil
}
