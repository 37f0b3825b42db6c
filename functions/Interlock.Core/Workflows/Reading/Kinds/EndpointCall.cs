using Interlock.Core.Endpoints;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading.Kinds;

/// <summary>What the DSL's own calls have in common. What they lack beside <c>call: tool</c> stands in <c>metadata.interlock</c>.</summary>
internal static class EndpointCall
{
    public static ToolTask Read(TaskReader reader, Step step, string target, Template arguments)
    {
        var own = step.Source["metadata"]?["interlock"] ?? JsonValue.EmptyObject;
        var at = step.Path + "/metadata/interlock";
        return new ToolTask
        {
            Path = step.TaskPath,
            Target = target,
            Arguments = arguments,
            IdempotencyKey = own["idempotencyKey"] is { } key ? reader.Expressions.Template(key, at + "/idempotencyKey", step.Around.Variables) : null,
            OnInDoubt = CallParts.OnInDoubt(own),
            Computed = CallParts.Computed(step),
            Compensate = CallParts.Compensate(reader, step),
        };
    }

    /// <summary>An endpoint that is written out, without credentials; null, with a finding, where it is none.</summary>
    public static string? Url(TaskReader reader, JsonValue endpoint, string pointer)
    {
        if (endpoint["authentication"] is not null) reader.Log.Error("unsupported", pointer + "/authentication", "who is registered here has its credentials with the registration; leave them out");
        var (uri, at) = endpoint["uri"] is { } inner ? (inner, pointer + "/uri") : (endpoint, pointer);
        var text = uri.AsString(); // the schema asks for a text
        if (!ExpressionReader.IsExpression(uri) && EndpointUri.Read(text).Uri is { Query.IsEmpty: true }) return text;
        reader.Log.Error("endpoint", at, "this endpoint is written out, an absolute http or https URL without a user name and without a query: what may be called is known before the start");
        return null;
    }

    /// <summary>Whether parameters are something else than an object of these members; each that is not has a finding.</summary>
    public static bool Unknown(TaskReader reader, JsonValue parameters, string pointer, params string[] known)
    {
        if (!parameters.IsObject)
        {
            reader.Log.Error("unsupported", pointer, $"write the members out ({string.Join(", ", known)}), with expressions as their values where needed");
            return true;
        }
        var unknown = parameters.Members.Names.Except(known).ToList();
        foreach (var name in unknown) reader.Log.Error("unsupported", JsonPointer.Append(pointer, name), $"'{Quote.Short(name)}' is not sent; known: {string.Join(", ", known)}");
        return unknown.Count > 0;
    }
}
