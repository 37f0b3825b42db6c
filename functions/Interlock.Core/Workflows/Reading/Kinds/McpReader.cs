using Interlock.Core.Endpoints;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary><c>call: mcp</c>: a call of a tool, or of what else the server offers, by where the server is instead of by its name. Server and tool are written out: what may be called is known before the start.</summary>
internal static class McpReader
{
    public static TaskDefinition Read(TaskReader reader, Step step)
    {
        var with = step.Source["with"]!; // required by the schema
        var at = step.Path + "/with";
        if (with["timeout"] is not null) reader.Log.Error("unsupported", at + "/timeout", "write the task's own timeout: { after: … }");
        foreach (var ignored in (string[])["protocolVersion", "client"])
            if (with[ignored] is not null) reader.Log.Warn("ignored", $"{at}/{ignored}", $"{ignored} changes nothing: the revision is negotiated with the registered server, and the client is Interlock");
        var url = Url(reader, with["transport"]!, at + "/transport"); // required by the schema
        var (name, arguments) = Method(reader, step, with, at);
        return url is null || name is null ? new UnreadTask { Path = step.TaskPath } : EndpointCall.Read(reader, step, new EndpointTarget.Mcp(url, name).ToString(), arguments);
    }

    private static string? Url(TaskReader reader, JsonValue transport, string at)
    {
        if (transport["stdio"] is not null)
        {
            reader.Log.Error("stdio-operator-only", at + "/stdio", "commands are started by nobody but an operator, never from a document: serve it over HTTP, register that, and use call: tool or transport: { http: … }");
            return null;
        }
        if (transport["http"]!["headers"] is not null) reader.Log.Error("unsupported", at + "/http/headers", "headers towards an MCP server are the registration's"); // the schema asks for one of the two
        return EndpointCall.Url(reader, transport["http"]!["endpoint"]!, at + "/http/endpoint"); // required by the schema
    }

    private static (string? Name, Template Arguments) Method(TaskReader reader, Step step, JsonValue with, string at)
    {
        var parameters = with["parameters"] ?? JsonValue.EmptyObject;
        at += "/parameters";
        switch (with["method"]!.AsString()) // required by the schema
        {
            case "tools/call":
                if (EndpointCall.Unknown(reader, parameters, at, "name", "arguments")) return (null, ExpressionReader.Nothing);
                if (parameters["name"]?.StringOrNull() is { Length: > 0 } tool && !ExpressionReader.IsExpression(parameters["name"]))
                    return (tool, CallParts.Arguments(reader, step, parameters["arguments"], at + "/arguments"));
                reader.Log.Error("endpoint", at + "/name", "the tool's name is written out, not computed: what may be called is known before the start");
                return (null, ExpressionReader.Nothing);
            case "prompts/get":
                return ("prompts:get", CallParts.Arguments(reader, step, parameters, at));
            case "resources/read":
                return ("resources:read", CallParts.Arguments(reader, step, parameters, at));
            case "resources/list" or "resources/templates/list":
                if (parameters is not { IsObject: true, Count: 0 }) reader.Log.Error("unsupported", at, "lists are read to their end; they take no parameters");
                return (with["method"]!.AsString() == "resources/list" ? "resources:list" : "resources:templates", new Template.Literal(JsonValue.EmptyObject)); // just read
            case var method:
                reader.Log.Error("unsupported", step.Path + "/with/method", $"{Quote.Short(method)} is not called from a workflow: the registry holds what each server offers, as it was approved");
                return (null, ExpressionReader.Nothing);
        }
    }
}
