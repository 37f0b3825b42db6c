using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>What the document defines once under <c>use</c> and names elsewhere.</summary>
internal sealed class Reusables(JsonValue document, FindingLog log)
{
    /// <summary>Reports the parts of <c>use</c> that are not run, and what authentications are written that can't be.</summary>
    public void Check()
    {
        if (document["use"] is not { } use) return;
        if (use["extensions"] is not null) log.Error("unsupported", "/use/extensions", "use.extensions is not run: a task does what its own text says and nothing before or after it; write the steps where they belong");
        if (use["catalogs"] is not null) log.Error("unsupported", "/use/catalogs", "use.catalogs is not read: nothing is fetched that nobody approved; write the function under use.functions, or register what it calls");
        AuthenticationReader.Check(document, log);
    }

    /// <summary>The task under <c>use.functions</c>, or null.</summary>
    public JsonValue? Function(string name) => document["use"]?["functions"]?[name];

    /// <summary>The name of the secret that an authentication stands for; null, with a finding, where it stands for none.</summary>
    public JsonValue? Secret(JsonValue authentication, string pointer) => AuthenticationReader.Secret(document, log, authentication, pointer);

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
