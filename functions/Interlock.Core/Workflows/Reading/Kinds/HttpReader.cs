using Interlock.Core.Endpoints;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary><c>call: http</c>: a call of the tool that a registered endpoint has for its method. Where it goes is known once the endpoint is.</summary>
internal static class HttpReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema, as method and endpoint are
        var at = step.Path + "/with";
        var method = with["method"]!.AsString().ToUpperInvariant();
        if (!HttpMethods.All.Contains(method)) reader.Log.Error("unsupported", at + "/method", $"requests are sent with one of {string.Join(", ", HttpMethods.All).ToLowerInvariant()}");
        if (with[HttpArguments.Headers] is { IsObject: true } headers) Check(reader, headers, at + "/headers");
        return EndpointCall.Read(reader, step, new EndpointTarget.Http(method).ToString(), Arguments(reader, step, with, at));
    }

    private static Template.Map Arguments(TaskReader reader, Step step, JsonValue with, string at)
    {
        var endpoint = with[HttpArguments.Endpoint]!; // as above
        var (uri, place) = endpoint["uri"] is { } inner ? (inner, at + "/endpoint/uri") : (endpoint, at + "/endpoint");
        var members = new List<KeyValuePair<string, Template>> { new(HttpArguments.Endpoint, UriTemplateReader.Read(reader, uri, place, step.Around.Variables)) };
        foreach (var name in (string[])[HttpArguments.Query, HttpArguments.Headers, HttpArguments.Body])
            if (with[name] is { } value) members.Add(new(name, reader.Expressions.Template(value, $"{at}/{name}", step.Around.Variables)));
        foreach (var name in (string[])[HttpArguments.Output, HttpArguments.Redirect])
            if (with[name] is { } value) members.Add(new(name, new Template.Literal(value)));
        if (endpoint["authentication"] is { } authentication && reader.Reusables.Secret(authentication, at + "/endpoint/authentication") is { } secret)
            members.Add(new(HttpArguments.Credential, new Template.Literal(secret)));
        return new Template.Map(members);
    }

    private static void Check(TaskReader reader, JsonValue headers, string at)
    {
        foreach (var (name, value) in headers.Members)
        {
            var place = JsonPointer.Append(at, name);
            if (HttpHeaderRules.Refuse(name) is { } reason) reader.Log.Error("header", place, $"'{Quote.Short(name)}' can't be set: {reason}");
            else if (value.StringOrNull() is { } text && !ExpressionReader.IsExpression(value) && !HttpHeaderRules.IsValue(text)) reader.Log.Error("header", place, "a header's value is visible ASCII, spaces and tabs");
        }
    }
}
