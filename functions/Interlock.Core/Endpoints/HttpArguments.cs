using Interlock.Json;

namespace Interlock.Core.Endpoints;

/// <summary>
/// From the arguments of a <c>call: http</c> to those of the tool it is a call of: the endpoint taken apart into <c>origin</c>, <c>path</c> and <c>query</c>, header names in lower
/// case. An endpoint that is none stays as it is, and the gateway refuses it.
/// </summary>
public static class HttpArguments
{
    public const string Endpoint = "endpoint";
    public const string Origin = "origin";
    public const string Path = "path";
    public const string Query = "query";
    public const string Headers = "headers";
    public const string Body = "body";
    public const string Output = "output";
    public const string Redirect = "redirect";

    /// <summary>The name of the secret with which the document says the endpoint is authenticated.</summary>
    public const string Credential = "credential";

    public static JsonValue Shape(JsonValue written)
    {
        if (!written.IsObject) return written;
        if (written[Headers] is { IsObject: true } headers) written = written.With(Headers, Lowered(headers));
        if (written[Endpoint]?.StringOrNull() is not { } text || EndpointUri.Read(text).Uri is not { } endpoint) return written;
        written = written.Without(Endpoint).With(Origin, endpoint.Origin).With(Path, endpoint.Path);
        return endpoint.Query.Aggregate(written, Add);
    }

    /// <summary>Where shaped arguments lead, or what is wrong with their endpoint.</summary>
    public static (EndpointUri? Uri, string? Flaw) Read(JsonValue shaped) =>
        shaped[Origin]?.StringOrNull() is { } origin && shaped[Path]?.StringOrNull() is { } path ? EndpointUri.Read(origin + path)
        : shaped[Endpoint]?.StringOrNull() is { } endpoint ? EndpointUri.Read(endpoint)
        : (null, "it is not known, or no text");

    /// <summary>Of a query that is no object the contract says what is wrong.</summary>
    private static JsonValue Add(JsonValue arguments, KeyValuePair<string, string> parameter)
    {
        var query = arguments[Query] ?? JsonValue.EmptyObject;
        if (!query.IsObject) return arguments;
        var value = query[parameter.Key] switch
        {
            null => parameter.Value,
            { IsArray: true } several => several.Append(parameter.Value),
            var one => JsonValue.Array(one, parameter.Value),
        };
        return arguments.With(Query, query.With(parameter.Key, value));
    }

    /// <summary>Two that differ by case only stay as they are: the contract takes lower case, and so refuses both.</summary>
    private static JsonValue Lowered(JsonValue headers)
    {
        var lowered = headers.Members.DistinctBy(header => header.Key.ToLowerInvariant()).Select(header => KeyValuePair.Create(header.Key.ToLowerInvariant(), header.Value)).ToArray();
        return lowered.Length == headers.Count ? JsonValue.Object(lowered) : headers;
    }
}
