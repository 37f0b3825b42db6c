namespace Interlock.Json.Schema;

/// <summary>The vocabularies of draft 2020-12 that change what is valid.</summary>
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

/// <summary>How the keywords of a resource are read: draft-07, or draft 2020-12 with the vocabularies its meta-schema names.</summary>
internal sealed record Dialect(bool IsDraft7, Vocabularies Vocabularies)
{
    public static Dialect Draft2020 { get; } = new(false, Vocabularies.Standard);

    public static Dialect Draft7 { get; } = new(true, Vocabularies.Standard & ~Vocabularies.Unevaluated);

    public bool Has(Vocabularies vocabulary) => (Vocabularies & vocabulary) == vocabulary;

    /// <summary>The dialect a <c>$schema</c> names, or null when it is neither of ours.</summary>
    public static Dialect? Known(string uri) => uri.TrimEnd('#') switch
    {
        "https://json-schema.org/draft/2020-12/schema" => Draft2020,
        "http://json-schema.org/draft-07/schema" or "https://json-schema.org/draft-07/schema" => Draft7,
        _ => null,
    };

    /// <summary>The dialect of a custom meta-schema's <c>$vocabulary</c>; names the first required vocabulary we lack.</summary>
    public static Dialect OfVocabulary(JsonValue vocabulary, out string? unsupported)
    {
        const string prefix = "https://json-schema.org/draft/2020-12/vocab/";
        unsupported = null;
        var found = Vocabularies.Core;
        foreach (var (uri, required) in vocabulary.Members)
        {
            var one = !uri.StartsWith(prefix, StringComparison.Ordinal) ? default : uri[prefix.Length..] switch
            {
                "applicator" => Vocabularies.Applicator,
                "unevaluated" => Vocabularies.Unevaluated,
                "validation" => Vocabularies.Validation,
                "format-annotation" => Vocabularies.Format,
                "format-assertion" => Vocabularies.Format | Vocabularies.FormatAssertion,
                "core" or "meta-data" or "content" => Vocabularies.Core,
                _ => default(Vocabularies),
            };
            if (one == default && required == JsonValue.True) unsupported ??= uri;
            found |= one;
        }
        return new(false, found);
    }
}
