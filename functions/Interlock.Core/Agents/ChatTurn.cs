using Interlock.Json;

namespace Interlock.Core.Agents;

/// <summary>What one turn asks of a model: a chat completion but for the model, answered whole and with one choice.</summary>
public static class ChatTurn
{
    /// <summary>What an answer has at most, as <see cref="ModelAnswer.ToJson"/>.</summary>
    public const int MaxBytes = 256 * 1024;

    public static JsonValue Schema { get; } = StrictJson.Parse("""
        { "type": "object", "required": ["messages"], "additionalProperties": false, "properties": {
          "messages": { "type": "array", "minItems": 1, "maxItems": 10000, "items": { "type": "object", "required": ["role"], "properties": { "role": { "enum": ["system", "developer", "user", "assistant", "tool"] } } } },
          "tools": { "type": "array", "minItems": 1, "maxItems": 512, "items": { "type": "object", "required": ["type", "function"], "properties": { "type": { "const": "function" } } } },
          "tool_choice": { "enum": ["auto", "none", "required"] },
          "parallel_tool_calls": { "type": "boolean" },
          "max_completion_tokens": { "type": "integer", "minimum": 1 },
          "response_format": { "type": "object" } } }
        """);
}
