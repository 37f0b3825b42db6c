using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Core.Registry;

/// <summary>The JSON Schema of <see cref="ServerSettings"/>: what the API takes, and where every range of settings stands.</summary>
public static class SettingsSchema
{
    /// <summary>How Interlock authenticates; agents are registered with the same.</summary>
    internal const string Auth = """
        { "oneOf": [
          { "type": "object", "required": ["type", "secret"], "additionalProperties": false, "properties": {
            "type": { "const": "apiKey" },
            "secret": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$", "description": "The name of a secret, never the secret." },
            "header": { "type": "string", "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$" },
            "prefix": { "type": "string", "pattern": "^[ -~]{0,64}$" } } },
          { "type": "object", "required": ["type", "tokenEndpoint", "clientId", "secret"], "additionalProperties": false, "properties": {
            "type": { "const": "clientCredentials" },
            "tokenEndpoint": { "type": "string", "pattern": "^https?://", "maxLength": 2048 },
            "clientId": { "type": "string", "pattern": "^[ -~]{1,512}$" },
            "secret": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$" },
            "scope": { "type": "string", "pattern": "^[ !#-\\[\\]-~]{1,1024}$" },
            "resource": { "type": "string", "pattern": "^[!-~]{1,1024}$" } } },
          { "type": "object", "required": ["type", "tokenEndpoint", "clientId", "secret", "exchange"], "additionalProperties": false, "properties": {
            "type": { "const": "onBehalfOf" },
            "tokenEndpoint": { "type": "string", "pattern": "^https?://", "maxLength": 2048 },
            "clientId": { "type": "string", "pattern": "^[ -~]{1,512}$" },
            "secret": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$" },
            "exchange": { "enum": ["tokenExchange", "entra"] },
            "scope": { "type": "string", "pattern": "^[ !#-\\[\\]-~]{1,1024}$" },
            "resource": { "type": "string", "pattern": "^[!-~]{1,1024}$" } } },
          { "type": "object", "required": ["type", "scope"], "additionalProperties": false, "properties": {
            "type": { "const": "managedIdentity" },
            "scope": { "type": "string", "pattern": "^[ !#-\\[\\]-~]{1,1024}$" },
            "clientId": { "type": "string", "pattern": "^[ -~]{1,512}$" } } } ] }
        """;

    private const string Tool = """
        { "type": "object", "additionalProperties": false, "properties": {
          "readOnly": { "type": "boolean" },
          "trusted": { "type": "boolean" },
          "idempotent": { "type": "boolean" },
          "capabilities": { "type": "array", "maxItems": 32, "uniqueItems": true, "items": { "type": "string", "pattern": "^[a-z0-9-]{1,64}$" } },
          "tags": { "type": "array", "maxItems": 32, "uniqueItems": true, "items": { "type": "string", "pattern": "^[a-z0-9-]{1,64}$" } },
          "cost": { "type": "number", "minimum": 0, "maximum": 1000000 },
          "rate": { "type": "object", "required": ["perSecond", "burst"], "additionalProperties": false, "properties": {
            "perSecond": { "type": "number", "minimum": 0.001, "maximum": 1000000 },
            "burst": { "type": "integer", "minimum": 1, "maximum": 1000000 } } },
          "maxCalls": { "type": "integer", "minimum": 1, "maximum": 1000000 },
          "whenUnavailable": { "enum": ["fail", "cached", "escalate"] },
          "maxResultBytes": { "type": "integer", "minimum": 1024, "maximum": 8388608 },
          "redact": { "type": "array", "maxItems": 64, "items": { "type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
            "path": { "type": "string", "maxLength": 512, "description": "A JSON Pointer; * stands for any one segment." },
            "pattern": { "type": "string", "minLength": 1, "maxLength": 512, "description": "A regular expression without look-around and back references." } } } } } }
        """;

    /// <summary>The schema as text, without references: it stands inside other schemas.</summary>
    public const string Text = $$"""
        { "type": "object", "additionalProperties": false, "properties": {
          "protocol": { "enum": ["mcp", "http"] },
          "replicas": { "type": "array", "maxItems": 15, "uniqueItems": true, "items": { "type": "string", "pattern": "^https?://", "maxLength": 2048 } },
          "auth": {{Auth}},
          "elicitationOrigins": { "type": "array", "maxItems": 32, "uniqueItems": true, "items": { "type": "string", "maxLength": 256 } },
          "resilience": { "type": "object", "additionalProperties": false, "properties": {
            "maxConcurrent": { "type": "integer", "minimum": 1, "maximum": 10000 },
            "maxQueued": { "type": "integer", "minimum": 0, "maximum": 100000 },
            "retries": { "type": "integer", "minimum": 0, "maximum": 5 },
            "breakAbove": { "type": "number", "minimum": 0.05, "maximum": 1 },
            "breakOver": { "type": "integer", "minimum": 2, "maximum": 1000 },
            "breakSeconds": { "type": "integer", "minimum": 1, "maximum": 600 },
            "healthSeconds": { "type": "integer", "minimum": 5, "maximum": 3600 } } },
          "tools": { "type": "object", "maxProperties": 256, "additionalProperties": {{Tool}} } } }
        """;

    internal static JsonSchema Compiled { get; } = JsonSchema.Compile(StrictJson.Parse(Text), JsonSchemaOptions.Asserting);
}
