using System.Text.RegularExpressions;
using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>The OpenAPI 3.1 description of <see cref="ApiRoutes"/>.</summary>
internal static partial class OpenApiDocument
{
    private static readonly Lazy<JsonValue> Document = new(() => Build(ApiRoutes.All));

    public static Task<ApiResult> GetAsync(ApiRequest request) => Task.FromResult(ApiResult.Ok(Document.Value));

    private static JsonValue Build(IReadOnlyList<ApiRoute> routes)
    {
        var paths = JsonValue.EmptyObject;
        foreach (var route in routes)
            paths = paths.With(route.Path, (paths[route.Path] ?? JsonValue.EmptyObject).With(route.Method.ToLowerInvariant(), Operation(route)));
        return JsonValue.Object(
            ("openapi", "3.1.0"),
            ("info", JsonValue.Object(("title", "Interlock"), ("version", "1.0.0"), ("description", "Governed orchestration of agents and tools. Decisions on approvals are made on the review page only."))),
            ("security", JsonValue.Array(JsonValue.Object(("bearer", JsonValue.EmptyArray)))),
            ("paths", paths),
            ("components", JsonValue.Object(
                ("securitySchemes", JsonValue.Object(("bearer", JsonValue.Object(("type", "http"), ("scheme", "bearer"), ("bearerFormat", "JWT"))))),
                ("schemas", ApiSchemas.All))));
    }

    private static JsonValue Operation(ApiRoute route)
    {
        var json = JsonValue.Object(("operationId", route.Id), ("summary", route.Summary));
        if (route.IsPublic) json = json.With("security", JsonValue.EmptyArray);
        if (route.Roles.Count > 0) json = json.With("description", $"Needs the role {string.Join(" or ", route.Roles)}.");
        var parameters = PathPart().Matches(route.Path).Select(part => Parameter(part.Groups[1].Value, "path", null))
            .Concat(route.Query.Select(query => Parameter(query.Name, "query", query.Meaning))).ToList();
        if (parameters.Count > 0) json = json.With("parameters", JsonValue.Array(parameters));
        if (route.Body is { } body) json = json.With("requestBody", JsonValue.Object(("required", true), ("content", Content(body))));
        return json.With("responses", Responses(route));
    }

    private static JsonValue Parameter(string name, string place, string? meaning)
    {
        var json = JsonValue.Object(("name", name), ("in", place), ("required", place == "path"), ("schema", JsonValue.Object(("type", "string"))));
        return meaning is null ? json : json.With("description", meaning);
    }

    private static JsonValue Content(ApiBody body)
    {
        var content = JsonValue.EmptyObject;
        foreach (var type in body.MediaTypes)
            content = content.With(type, JsonValue.Object(("schema", body.Schema ?? (type.EndsWith("json", StringComparison.Ordinal) ? JsonValue.EmptyObject : JsonValue.Object(("type", "string"))))));
        return content;
    }

    private static JsonValue Responses(ApiRoute route)
    {
        var responses = JsonValue.EmptyObject;
        foreach (var (status, answer) in route.Answers)
        {
            var response = JsonValue.Object(("description", "Success"));
            if (answer.Contains('/')) response = response.With("content", JsonValue.Object((answer, JsonValue.Object(("schema", JsonValue.Object(("type", "string")))))));
            else if (answer.Length > 0) response = response.With("content", JsonValue.Object(("application/json", JsonValue.Object(("schema", Reference(answer))))));
            responses = responses.With(status.ToString(System.Globalization.CultureInfo.InvariantCulture), response);
        }
        return responses.With("default", JsonValue.Object(
            ("description", "A refusal or failure (RFC 7807); stage and rule say which."),
            ("content", JsonValue.Object(("application/problem+json", JsonValue.Object(("schema", Reference("Problem"))))))));
    }

    private static JsonValue Reference(string name) => JsonValue.Object(("$ref", "#/components/schemas/" + name));

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathPart();
}
