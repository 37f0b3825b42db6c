namespace Interlock.Core.Workflows.Checks;

/// <summary>
/// Recognises <c>$context + { a: …, "b": … } + …</c>, the one shape of export whose keys are plain to see, by scanning its text. Any
/// doubt gives null, and the export then counts as changing everything.
/// </summary>
internal static class ContextAddition
{
    public static IReadOnlyList<string>? Keys(string source)
    {
        var scan = new Scanner(source);
        if (!scan.Word("$context")) return null;
        var keys = new List<string>();
        while (scan.Symbol('+'))
        {
            if (!scan.Object(keys)) return null;
        }
        return scan.AtEnd && keys.Count > 0 ? keys : null;
    }

    private sealed class Scanner(string text)
    {
        private int _at;

        public bool AtEnd
        {
            get
            {
                Space();
                return _at == text.Length;
            }
        }

        private char Here => _at < text.Length ? text[_at] : '\0';

        public bool Symbol(char symbol)
        {
            Space();
            if (Here != symbol) return false;
            _at++;
            return true;
        }

        public bool Word(string word)
        {
            Space();
            if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal)) return false;
            _at += word.Length;
            return !IsName(Here) && Here is not ('.' or '[' or ':');
        }

        public bool Object(List<string> keys)
        {
            if (!Symbol('{')) return false;
            if (Symbol('}')) return true;
            do
            {
                if (Key() is not { } key) return false;
                keys.Add(key);
                if (Symbol(':') && !Value()) return false;
            }
            while (Symbol(','));
            return Symbol('}');
        }

        /// <summary>An identifier or a plain string; computed keys are doubt.</summary>
        private string? Key()
        {
            Space();
            var start = _at;
            if (Here == '"')
            {
                if (!String(plain: true)) return null;
                return text[(start + 1)..(_at - 1)];
            }
            if (!IsName(Here) || char.IsAsciiDigit(Here)) return null;
            while (IsName(Here)) _at++;
            return text[start.._at];
        }

        /// <summary>Everything up to the comma or brace that ends the member; stays before it.</summary>
        private bool Value()
        {
            var open = new Stack<char>();
            for (; _at < text.Length; _at++)
            {
                switch (Here)
                {
                    case '"':
                        if (!String(plain: false)) return false;
                        _at--; // the loop steps over the closing quote
                        break;
                    case '#':
                        return false;
                    case '{' or '[' or '(':
                        open.Push(Here);
                        break;
                    case ',' or '}' when open.Count == 0:
                        return true;
                    case '}' or ']' or ')':
                        if (!open.TryPop(out var opened) || (opened, Here) is not (('{', '}') or ('[', ']') or ('(', ')'))) return false;
                        break;
                }
            }
            return false;
        }

        /// <summary>Steps over a string; one with escapes is doubt where it must be plain, and an interpolation is doubt everywhere.</summary>
        private bool String(bool plain)
        {
            for (_at++; _at < text.Length; _at++)
            {
                if (Here == '"')
                {
                    _at++;
                    return true;
                }
                if (Here != '\\') continue;
                _at++;
                if (plain || Here == '(') return false;
            }
            return false;
        }

        private void Space()
        {
            while (char.IsWhiteSpace(Here)) _at++;
        }

        private static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
    }
}
