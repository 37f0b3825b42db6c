using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Http.Api;

/// <summary>
/// One operation of the API: the one place that says its method, path, roles, body and answers. Routing, authorization, validation and the
/// OpenAPI document all follow from it.
/// </summary>
internal sealed record ApiRoute(string Method, string Path, string Id, string Summary, ApiHandler Handle)
{
    /// <summary>Served without a token.</summary>
    public bool IsPublic { get; init; }

    /// <summary>One of these roles is needed; empty: any caller of the tenant.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Query parameters, by name, with what they mean.</summary>
    public IReadOnlyList<(string Name, string Meaning)> Query { get; init; } = [];

    public ApiBody? Body { get; init; }

    /// <summary>The statuses of success, with the name of the schema of the answer in <see cref="ApiSchemas"/>, or a media type.</summary>
    public IReadOnlyList<(int Status, string Answer)> Answers { get; init; } = [];
}

/// <summary>A body an operation takes: its media types, and for JSON the schema that it is validated against.</summary>
internal sealed record ApiBody(IReadOnlyList<string> MediaTypes, JsonValue? Schema)
{
    private readonly Lazy<JsonSchema?> _compiled = new(() => Schema is null ? null : JsonSchema.Compile(Schema, JsonSchemaOptions.Asserting));

    public JsonSchema? Compiled => _compiled.Value;

    public static ApiBody Json(string schema) => new(["application/json"], StrictJson.Parse(schema));

    public static ApiBody Text(params IReadOnlyList<string> mediaTypes) => new(mediaTypes, null);
}

internal delegate Task<ApiResult> ApiHandler(ApiRequest request);
