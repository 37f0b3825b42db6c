namespace Interlock.Json.Schema;

/// <summary>The drafts that are read, oldest first.</summary>
internal enum Draft
{
    V6,
    V7,
    V2019,
    V2020,
}

/// <summary>The vocabularies that change what is valid.</summary>
[Flags]
internal enum Vocabularies
{
    Core = 1,
    Applicator = 2,
    Unevaluated = 4,
    Validation = 8,
    Format = 16,
    FormatAssertion = 32,
    Standard = Core | Applicator | Unevaluated | Validation | Format,
}

/// <summary>How the keywords of a resource are read: by a draft, and from draft 2019-09 on with the vocabularies its meta-schema names.</summary>
internal sealed record Dialect(Draft Draft, Vocabularies Vocabularies)
{
    public static Dialect Draft2020 { get; } = new(Draft.V2020, Vocabularies.Standard);

    private static Dialect Draft2019 { get; } = new(Draft.V2019, Vocabularies.Standard);

    private static Dialect Draft7 { get; } = new(Draft.V7, Vocabularies.Standard & ~Vocabularies.Unevaluated);

    private static Dialect Draft6 { get; } = new(Draft.V6, Vocabularies.Standard & ~Vocabularies.Unevaluated);

    /// <summary>Draft-07 and before: a <c>$ref</c> hides its neighbours, an <c>$id</c> may be an anchor, and there are no vocabularies.</summary>
    public bool IsOlder => Draft <= Draft.V7;

    /// <summary>Before draft 2020-12: <c>items</c> may be a list, and <c>additionalItems</c> follows it.</summary>
    public bool HasTuples => Draft < Draft.V2020;

    public bool Has(Vocabularies vocabulary) => (Vocabularies & vocabulary) == vocabulary;

    /// <summary>The dialect a <c>$schema</c> names, or null when it is none of ours.</summary>
    public static Dialect? Known(string uri) => uri.TrimEnd('#') switch
    {
        "https://json-schema.org/draft/2020-12/schema" => Draft2020,
        "https://json-schema.org/draft/2019-09/schema" => Draft2019,
        "http://json-schema.org/draft-07/schema" or "https://json-schema.org/draft-07/schema" => Draft7,
        "http://json-schema.org/draft-06/schema" or "https://json-schema.org/draft-06/schema" => Draft6,
        _ => null,
    };

    /// <summary>The dialect of a custom meta-schema's <c>$vocabulary</c>; names the first required vocabulary we lack.</summary>
    public Dialect WithVocabulary(JsonValue vocabulary, out string? unsupported)
    {
        unsupported = null;
        var found = Vocabularies.Core;
        foreach (var (uri, required) in vocabulary.Members)
        {
            var one = Find(uri, required == JsonValue.True);
            if (one == default && required == JsonValue.True) unsupported ??= uri;
            found |= one;
        }
        return this with { Vocabularies = found };
    }

    private static Vocabularies Find(string uri, bool required)
    {
        const string late = "https://json-schema.org/draft/2020-12/vocab/";
        const string early = "https://json-schema.org/draft/2019-09/vocab/";
        if (uri.StartsWith(late, StringComparison.Ordinal))
        {
            return uri[late.Length..] switch
            {
                "applicator" => Vocabularies.Applicator,
                "unevaluated" => Vocabularies.Unevaluated,
                "validation" => Vocabularies.Validation,
                "format-annotation" => Vocabularies.Format,
                "format-assertion" => Vocabularies.Format | Vocabularies.FormatAssertion,
                "core" or "meta-data" or "content" => Vocabularies.Core,
                _ => default,
            };
        }
        return !uri.StartsWith(early, StringComparison.Ordinal) ? default : uri[early.Length..] switch
        {
            "applicator" => Vocabularies.Applicator | Vocabularies.Unevaluated,
            "validation" => Vocabularies.Validation,
            "format" => required ? Vocabularies.Format | Vocabularies.FormatAssertion : Vocabularies.Format,
            "core" or "meta-data" or "content" => Vocabularies.Core,
            _ => default,
        };
    }
}
