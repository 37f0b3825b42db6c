using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>What the document defines once under <c>use</c> and names elsewhere.</summary>
internal sealed class Reusables(JsonValue document, FindingLog log)
{
    private static readonly string[] NotRun = ["authentications", "extensions", "functions", "catalogs"];

    /// <summary>Reports the parts of <c>use</c> that are not run.</summary>
    public void Check()
    {
        if (document["use"] is not { } use) return;
        foreach (var name in NotRun.Where(name => use[name] is not null))
            log.Error("unsupported", "/use/" + name, $"use.{name} is not run; tools, agents and their credentials are registered, not written into documents");
        if (use["secrets"] is not null)
            log.Error("secrets", "/use/secrets", "documents hold no secrets: they belong to a server's credentials and are resolved at the last moment");
    }

    /// <summary>
    /// The value itself, or what it names under <c>use</c> when it is a text, with where that stands; null, with a finding, when
    /// nothing has that name.
    /// </summary>
    public (JsonValue Value, string Pointer)? Resolve(string kind, JsonValue value, string pointer)
    {
        if (value.StringOrNull() is not { } name) return (value, pointer);
        if (document["use"]?[kind]?[name] is { } found) return (found, JsonPointer.Append("/use/" + kind, name));
        var known = document["use"]?[kind] is { IsObject: true, Count: > 0 } all ? string.Join(", ", all.Members.Names.Take(10).Select(Quote.Short)) : "none";
        log.Error("reference", pointer, $"'{Quote.Short(name)}' is not defined under use.{kind}; defined there: {known}");
        return null;
    }
}
