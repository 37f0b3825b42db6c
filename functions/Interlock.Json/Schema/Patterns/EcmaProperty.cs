using System.Collections.Frozen;

namespace Interlock.Json.Schema;

/// <summary>General categories by their short and long names (Unicode's PropertyValueAliases); empty is any character.</summary>
internal static class EcmaProperty
{
    private static readonly FrozenDictionary<string, string> Names = Build();

    public static string? Find(string name)
    {
        var equals = name.IndexOf('=', StringComparison.Ordinal);
        if (equals >= 0)
        {
            if (name[..equals] is not ("General_Category" or "gc")) return null;
            name = name[(equals + 1)..];
        }
        return Names.GetValueOrDefault(name);
    }

    private static FrozenDictionary<string, string> Build()
    {
        const string all = """
            L Letter;Lu Uppercase_Letter;Ll Lowercase_Letter;Lt Titlecase_Letter;Lm Modifier_Letter;Lo Other_Letter;
            M Mark Combining_Mark;Mn Nonspacing_Mark;Mc Spacing_Mark;Me Enclosing_Mark;
            N Number;Nd Decimal_Number digit;Nl Letter_Number;No Other_Number;
            P Punctuation punct;Pc Connector_Punctuation;Pd Dash_Punctuation;Ps Open_Punctuation;Pe Close_Punctuation;
            Pi Initial_Punctuation;Pf Final_Punctuation;Po Other_Punctuation;
            S Symbol;Sm Math_Symbol;Sc Currency_Symbol;Sk Modifier_Symbol;So Other_Symbol;
            Z Separator;Zs Space_Separator;Zl Line_Separator;Zp Paragraph_Separator;
            C Other;Cc Control cntrl;Cf Format;Cs Surrogate;Co Private_Use;Cn Unassigned
            """;
        var names = new Dictionary<string, string>(StringComparer.Ordinal) { ["Any"] = "" };
        foreach (var category in all.Split(';', StringSplitOptions.TrimEntries))
        {
            var aliases = category.Split(' ');
            foreach (var alias in aliases) names[alias] = aliases[0];
        }
        return names.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
